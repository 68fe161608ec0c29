#!/bin/bash
# clang-tidy over our sources, tests left out, as many files at a time as there are cores. A file takes seconds, all of
# them minutes: --since takes those that changed since a revision, and those whose header did.
# usage: clang_tidy.sh BUILD_DIR [--since REV | FILE...]   BUILD_DIR holds compile_commands.json
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
shift
git=(git -c safe.directory='*')
rooms=(sim neurons binarize converters experiments)

# A checkout of one commit has no revision to compare with: everything is new.
if [ "${1:-}" = --since ] && ! "${git[@]}" rev-parse --quiet --verify "$2^{commit}" >/dev/null; then set --; fi
if [ "${1:-}" = --since ]; then
  mapfile -t files < <("${git[@]}" diff --name-only "$2" -- "${rooms[@]}" | sed -n 's/\.\(cpp\|h\)$/.cpp/p' | sort -u)
elif [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <("${git[@]}" ls-files -- "${rooms[@]}" | grep '\.cpp$')
fi
checked=()
for file in "${files[@]}"; do
  [ ! -f "$file" ] || checked+=("$file")
done
[ ${#checked[@]} -eq 0 ] || printf '%s\0' "${checked[@]}" |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy-14 -p "$build" --quiet 2> >(grep -v 'warnings generated' >&2 || true)
echo "clang-tidy: ${#checked[@]} files are clean"

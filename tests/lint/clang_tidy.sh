#!/bin/bash
# clang-tidy over our sources, tests left out, as many files at a time as there are cores.
# usage: clang_tidy.sh BUILD_DIR [FILE...]   BUILD_DIR holds compile_commands.json
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
shift
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  mapfile -t files < <(find sim neurons converters experiments $([ -d binarize ] && echo binarize) -name '*.cpp' | sort)
fi
printf '%s\0' "${files[@]}" |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy-14 -p "$build" --quiet 2> >(grep -v 'warnings generated' >&2)
echo "clang-tidy: ${#files[@]} files are clean"

#!/bin/bash
# Every header compiles on its own.
# usage: headers.sh COMPILER [INCLUDE_DIR...]
set -euo pipefail
compiler=$1
shift
flags=(-std=c++20 -fsyntax-only -Wall -Wextra -Werror -I.)
for folder in "$@"; do flags+=(-isystem "$folder"); done
find sim neurons converters experiments $([ -d binarize ] && echo binarize) -name '*.h' -print0 |
  xargs -0 -P "$(nproc)" -I '{}' "$compiler" "${flags[@]}" -include '{}' -x c++ /dev/null

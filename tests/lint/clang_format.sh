#!/bin/bash
# Every source is formatted as .clang-format says.
set -euo pipefail
command -v clang-format-14 >/dev/null || {
  echo "format: SKIPPED, clang-format-14 is not here"
  exit 77
}
find sim neurons converters experiments python tests $([ -d binarize ] && echo binarize) \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' \) -print0 | xargs -0 clang-format-14 --dry-run --Werror

#!/bin/bash
# Installs the packages of Debian 12 and 13 that a set needs and that are not there yet.
# usage: install_packages.sh build|test
set -euo pipefail

# What the program is built from, and the data set of `make demo`. The headers of all of Boost come with any part of it.
build=(g++ cmake ninja-build ccache pkg-config libtbb-dev libhwy-dev libhdf5-dev libonnx-dev libprotobuf-dev
       protobuf-compiler libboost-program-options-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev libssl-dev zlib1g-dev
       libjpeg-dev libpng-dev libzip-dev liblz4-dev
       libdnnl-dev ocl-icd-opencl-dev libjs-chart.js
       dataset-fashion-mnist)
# What tests, sanitizers, fuzzers and linters need on top.
test=(libgtest-dev libgmock-dev libbenchmark-dev python3 universal-ctags git chromium chromium-driver python3-selenium)
# The style is that of one version, which Debian 12 has; elsewhere the tests that need it are skipped and say so.
if [ "$(. /etc/os-release && echo "${VERSION_ID:-}")" = 12 ]; then
  test+=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev)
fi

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  *)
    echo "usage: $0 build|test" >&2
    exit 2
    ;;
esac

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "these packages are missing; run as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"

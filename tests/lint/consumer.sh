#!/bin/bash
# An installed Rheobase is found, linked and run by projects that know nothing else of it: a small one, and the example
# that decides on a stream of events.
# usage: consumer.sh BUILD_DIR CXX
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }

quietly cmake --install "$1" --prefix "$work/prefix"
for project in "$here/consumer" "$root/examples/online"; do
  build="$work/$(basename "$project")"
  quietly cmake -S "$project" -B "$build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$2" \
    -DCMAKE_BUILD_TYPE=Debug
  quietly cmake --build "$build"
done
"$work/consumer/consumer"

# One channel of 28 x 28 pixels is a sensor, too; what is asked of the answers is that they come, and when.
quietly "$work/prefix/bin/rheobase" convert "$root/experiments/models/fashion-mnist-cnn-qcfs-L4.onnx" "$work/net.h5"
answers=$(printf '%s\n' '500 1 2 0' '900 3 4 0' '2600 5 6 0' end '0 1 1 0' | "$work/online/online" "$work/net.h5" margin 1e9 0.5)
expected='recording 0: class [0-9] after 2.5 ms, at its end
recording 1: class [0-9] after 0.5 ms, at its end'
grep -qxE "$(printf '%s' "$expected" | sed -n 1p)" <<<"$answers" && grep -qxE "$(printf '%s' "$expected" | sed -n 2p)" <<<"$answers" ||
  { echo "online says: $answers"; exit 1; }
! echo '500 1 99 0' | "$work/online/online" "$work/net.h5" margin 1 2>"$work/log" || { echo "online takes what lies outside"; exit 1; }
grep -q "outside of the sensor" "$work/log"

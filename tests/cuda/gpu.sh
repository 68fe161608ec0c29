#!/bin/bash
# What needs a GPU itself, in under five minutes: one line a stage, so that a cut run says what passed. To be run where a
# GPU and its driver are, in a checkout built by preset cuda (or by what BUILD names).
#
# NOT RUN SO FAR: written and checked for its syntax on a machine without a GPU. docs/reference/cuda.md says how to read it.
# usage: tests/cuda/gpu.sh [BUILD]      RHEOBASE_SHARED_MODELS, RHEOBASE_CIFAR10: folders, for ResNet-20 and -18 too
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/cuda}
test=$build/tests/cuda/cuda_test
network_test=$build/tests/cuda/cuda_network_test
rheobase=$build/experiments/cli/rheobase
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
budget=295  # seconds, of all stages together

# stage NAME SECONDS COMMAND...: the command's last line, or all of it where it fails.
stage() {
  local name=$1 limit=$2 start=$SECONDS status=0
  shift 2
  if [ $((budget - SECONDS)) -lt 2 ]; then
    printf '%-28s left out: the time is up\n' "$name"
    failed=1
    return
  fi
  [ "$limit" -le $((budget - SECONDS)) ] || limit=$((budget - SECONDS))
  timeout "$limit" bash -c '"$@"' stage "$@" >"$work/log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    printf '%-28s ok, %d s: %s\n' "$name" $((SECONDS - start)) "$(tail -n 1 "$work/log")"
  else
    printf '%-28s FAILED (%d), %d s\n' "$name" "$status" $((SECONDS - start))
    sed 's/^/  | /' "$work/log" | tail -n 15
    failed=1
  fi
}

gtests() { # PROGRAM FILTER: fails where something was skipped, too
  local status=0
  "$1" --gtest_filter="$2" >"$work/tests" 2>&1 || status=$?
  ! grep -q '\[  SKIPPED \]' "$work/tests" || status=77
  tail -n 15 "$work/tests"
  return "$status"
}

sanitize() { # TOOL FILTER
  compute-sanitizer --tool "$1" --error-exitcode 3 "$test" --gtest_filter="$2"
}

spikes() { # MODEL DATA DEVICE SLOTS RULE...: hash, accuracy and exits of some images
  local model=$1 data=$2 device=$3 slots=$4
  shift 4
  "$rheobase" run "$model" --data "$data" --device "$device" --slots "$slots" --limit 200 --steps 16 --hash --quiet --json "$work/run.json" "$@" >/dev/null || return 1
  python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(r["spike_hash"], r["accuracy_by_step"], r["exit_histogram"], r["SynapticOperations"])' "$work/run.json"
}

same_spikes() { # MODEL DATA
  local rule expected slots found
  for rule in "--stop never" "--stop confidence --threshold 0.9"; do
    # shellcheck disable=SC2086
    expected=$(spikes "$1" "$2" cpu 32 $rule) || return 1
    for slots in 1 33 1024; do
      # shellcheck disable=SC2086
      found=$(spikes "$1" "$2" cuda "$slots" $rule) || return 1
      [ "$found" = "$expected" ] || { echo "$rule, $slots slots: $found, the cpu: $expected"; return 1; }
    done
  done
  echo "spikes of the cpu at 1, 33 and 1024 slots: ${expected%% *}"
}

speed() { # MODEL DATA: image-steps a second to the whole budget and stopped
  local slots rule line=""
  for slots in 1 32 256 1024; do
    for rule in "--stop never" "--stop confidence --threshold 0.9"; do
      # shellcheck disable=SC2086
      "$rheobase" run "$1" --data "$2" --device cuda --slots "$slots" --limit $((slots < 32 ? 200 : 10000)) --steps 16 \
        --quiet --json "$work/run.json" $rule >/dev/null || return 1
      line+=" $slots/$(cut -d ' ' -f 2 <<<"$rule") $(python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
print(round(r["samples_per_second"] * r["mean_steps"]))' "$work/run.json")"
    done
  done
  echo "image-steps a second, by slots and rule:$line"
}

convert() { "$rheobase" convert "$1" "$work/$2.h5" --normalize "$3" --arithmetic fixed --quiet && echo "$2"; }

export -f gtests sanitize spikes same_spikes speed convert
export test rheobase work

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
stage "devices" 20 bash -c "'$rheobase' devices | grep -A1 '^cuda' | grep -v 'not available' | grep cuda"
stage "primitives" 20 gtests "$test" 'CudaPrimitives.*'
stage "parity of every op" 40 gtests "$test" 'CudaParity.*'
stage "engine" 30 gtests "$test" 'CudaEngine.*'
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck initcheck synccheck; do
    stage "$tool" 40 sanitize "$tool" 'CudaPrimitives.*:CudaParity.AWholeNetwork*'
  done
else
  printf '%-28s left out: compute-sanitizer is not here\n' "sanitizers"
fi
stage "networks against reference" 40 gtests "$network_test" 'CudaNetwork.TheDefault*'

measure() { # NAME DATA
  stage "spikes of $1" 60 same_spikes "$work/$1.h5" "$2"
  stage "speed of $1" 60 speed "$work/$1.h5" "$2"
}
stage "convert" 20 convert experiments/models/fashion-mnist-cnn-qcfs-L4.onnx fashion-mnist fashion-mnist
measure fashion-mnist fashion-mnist
if [ -n "${RHEOBASE_SHARED_MODELS:-}" ] && [ -n "${RHEOBASE_CIFAR10:-}" ]; then
  for network in resnet20 resnet18; do
    [ -f "$RHEOBASE_SHARED_MODELS/cifar10-$network-qcfs-L4.onnx" ] || { echo "$network: left out, its file is not there"; continue; }
    stage "convert" 20 convert "$RHEOBASE_SHARED_MODELS/cifar10-$network-qcfs-L4.onnx" "$network" cifar10
    measure "$network" "cifar10:$RHEOBASE_CIFAR10"
  done
else
  printf '%-28s left out: RHEOBASE_SHARED_MODELS and RHEOBASE_CIFAR10 are not set\n' "ResNet-20, ResNet-18"
fi
[ "$failed" -eq 0 ] && echo "all stages passed in $SECONDS s" || echo "some stages FAILED, $SECONDS s"
exit "$failed"

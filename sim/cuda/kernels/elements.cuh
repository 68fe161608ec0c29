#pragma once
// One loop for everything that gives each output number by itself: a warp takes 32 channels of a pixel, so
// that it can join bits to a word.
#include <algorithm>

#include "sim/cuda/device/device_ops.cuh"
#include "sim/cuda/kernels/cuda_kernel.h"

namespace rheobase::cuda {

inline constexpr unsigned element_threads = 128;

/// Which output number is asked for.
struct ElementPlace {
  std::int32_t slot;
  bool fresh;  ///< the sample's first step
  std::int32_t pixel, channel;
};

/// Stores a word of spikes, and what fills up the last 64 bits of a pixel.
__device__ inline void store_word(const DeviceSignal& output, std::int32_t slot, std::int32_t pixel,
                                  std::int32_t word, std::uint32_t bits) {
  auto* out = output.of<std::uint32_t>(slot) + std::int64_t{pixel} * output.words;
  out[word] = bits;
  const bool last = word == (output.channels - 1) / 32;
  if (last && word + 1 < output.words) out[word + 1] = 0;
}

__device__ inline void store_number(const DeviceSignal& output, const ElementPlace& place,
                                    std::int32_t value) {
  const std::int64_t index = std::int64_t{place.pixel} * output.channels + place.channel;
  if (output.type == SignalType::int16)
    output.of<std::int16_t>(place.slot)[index] = static_cast<std::int16_t>(value);
  else
    output.of<std::int32_t>(place.slot)[index] = value;
}

/// `body` gives a number of the output, of spikes anything but 0 for one.
template <class Body>
__global__ void __launch_bounds__(element_threads)
    element_kernel(ActiveSlots active, std::int32_t pixels, DeviceSignal output, Body body) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int32_t words = (output.channels + 31) / 32;
  const std::int64_t total = std::int64_t{*active.count} * pixels * words;
  const std::int64_t step = std::int64_t{gridDim.x} * (element_threads / 32);
  for (std::int64_t i = std::int64_t{blockIdx.x} * (element_threads / 32) + threadIdx.x / 32; i < total;
       i += step) {
    const auto word = static_cast<std::int32_t>(i % words),
               pixel = static_cast<std::int32_t>(i / words % pixels);
    const std::int32_t slot = active.slot[i / words / pixels];
    const ElementPlace place{slot, active.time[slot] == 0, pixel, word * 32 + lane};
    const bool here = place.channel < output.channels;
    const std::int32_t value = here ? body(place) : 0;
    if (output.type == SignalType::spikes) {
      const std::uint32_t bits = __ballot_sync(0xffffffffU, value != 0);
      if (lane == 0) store_word(output, slot, pixel, word, bits);
    } else if (here) {
      store_number(output, place, value);
    }
  }
}

template <class Body>
void enqueue_elements(const CudaStep& step, const SignalSpec& spec, const Body& body) {
  const auto pixels = static_cast<std::int32_t>(spec.shape.pixels());
  const std::int64_t warps = std::int64_t{step.most_slots} * pixels * ((spec.shape.channels + 31) / 32);
  const auto blocks = static_cast<unsigned>(std::clamp<std::int64_t>((warps + 3) / 4, 1, step.most_blocks));
  launch({step.stream, blocks, element_threads, 0}, element_kernel<Body>, step.active, pixels,
         DeviceSignal(spec, step.output), body);
}

}  // namespace rheobase::cuda

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// Items that make a task worth its start, each touching `work` elements.
inline std::int64_t items_per_task(std::int64_t work) {
  constexpr std::int64_t work_per_task = 1 << 15;
  return work_per_task / std::max<std::int64_t>(1, work) + 1;
}

/// Calls body(lane, begin, end, scratch) on ranges that cover [0, items) of every lane, in parallel, in no
/// order: for kernels without state. `work` is the cost of one item in elements touched; ranges hold enough
/// of them to pay for a task.
template <class Body>
void for_lane_items(const StepArgs& args, std::int64_t items, std::int64_t work, const Body& body) {
  const std::int64_t total = items * static_cast<std::int64_t>(args.lanes.size());
  args.pool.for_ranges(total, items_per_task(work), [&](std::int64_t begin, std::int64_t end, int worker) {
    const ScratchMemory scratch = args.scratch(worker);
    while (begin < end) {
      const std::int64_t index = begin / items;
      const std::int64_t stop = std::min(end, (index + 1) * items);
      body(args.lanes[index], begin - index * items, stop - index * items, scratch);
      begin = stop;
    }
  });
}

/// The same for kernels with state: body sees an item's lanes of one slot in order.
template <class Body>
void for_stateful_items(const StepArgs& args, std::int64_t items, std::int64_t work, const Body& body) {
  const std::int64_t total = items * static_cast<std::int64_t>(args.slots.size());
  args.pool.for_ranges(total, items_per_task(work), [&](std::int64_t begin, std::int64_t end, int worker) {
    const ScratchMemory scratch = args.scratch(worker);
    while (begin < end) {
      const std::int64_t index = begin / items;
      const std::int64_t stop = std::min(end, (index + 1) * items);
      const SlotLanes& slot = args.slots[index];
      for (const int lane : args.lanes.subspan(slot.first, slot.count)) {
        body(lane, begin - index * items, stop - index * items, scratch);
      }
      begin = stop;
    }
  });
}

/// Calls visit(channel) for every set bit of one pixel's spike words.
template <class Visit>
void for_set_bits(const std::uint64_t* words, std::int64_t word_count, const Visit& visit) {
  for (std::int64_t w = 0; w < word_count; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) visit(w * 64 + std::countr_zero(rest));
  }
}

/// One pixel's stored numbers as floats, not yet scaled: a pointer into the signal, or into `scratch` (C
/// floats).
inline const float* stored_pixel(const SignalSpec& spec, const SignalView& view, int lane, std::int64_t pixel,
                                 float* scratch) {
  const std::int64_t channels = spec.shape.channels;
  if (spec.type == SignalType::real32) return view.real(lane) + pixel * channels;
  std::fill(scratch, scratch + channels, spec.type == SignalType::signs ? -1.0F : 0.0F);
  const std::int64_t words = spec.words_per_pixel();
  for_set_bits(view.spikes(lane) + pixel * words, words, [&](std::int64_t c) { scratch[c] = 1.0F; });
  return scratch;
}

/// One pixel's values, scaled: a pointer into the signal where nothing needs to be done, else into `scratch`.
inline const float* pixel_values(const SignalSpec& spec, const SignalView& view, int lane, std::int64_t pixel,
                                 float* scratch) {
  const float* stored = stored_pixel(spec, view, lane, pixel, scratch);
  if (spec.unit_scale()) return stored;
  for (std::int64_t c = 0; c < spec.shape.channels; ++c) scratch[c] = stored[c] * spec.scale(c);
  return scratch;
}

}  // namespace rheobase

#include "sim/op/host/path_timing.h"

#include <hwy/aligned_allocator.h>

#include <new>
#include <vector>

#include "sim/op/synapse/fixed_rows.h"

namespace rheobase {
namespace {

template <class T>
hwy::AlignedFreeUniquePtr<T[]> aligned(std::int64_t count, T value) {
  auto memory = hwy::AllocateAligned<T>(static_cast<std::size_t>(count));
  if (!memory) throw std::bad_alloc();
  std::fill_n(memory.get(), count, value);
  return memory;
}

}  // namespace

double seconds_of_half_events() {
  const auto weights = aligned<std::uint8_t>(sample_rows * sample_width, 1);
  const auto sums = aligned<std::int32_t>(sample_positions * sample_width, 0);
  const std::vector<std::int32_t> start(sample_width, 0);
  // Every second row, so that the events' order is one of real spikes.
  std::vector<std::uint16_t> events;
  std::vector<std::uint32_t> first{0};
  for (std::int64_t p = 0; p < sample_positions; ++p) {
    for (std::int64_t row = p % 2; row < sample_rows; row += 2) events.push_back(event_number(row));
    first.push_back(static_cast<std::uint32_t>(events.size()));
  }
  return best_seconds([&] {
    sum_events({weights.get(), sample_width}, {events.data(), first.data()}, sample_positions, start.data(),
               sums.get());
  });
}

}  // namespace rheobase

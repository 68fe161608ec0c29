#include "sim/op/dense_density.h"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "sim/op/fixed_rows.h"

namespace rheobase {
namespace {

// A plane of 64 channels behind 3x3 taps of 64: a layer of the size that fills the first-level cache.
constexpr std::int64_t width = 64;
constexpr std::int64_t rows = 576;
constexpr std::int64_t positions = 16;

// The best of several runs, in seconds: what disturbs a run only makes it longer.
template <class Run>
double best_time(const Run& run) {
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

double measure() {
  const auto weights = hwy::AllocateAligned<std::uint8_t>(rows * width);
  const auto sums = hwy::AllocateAligned<std::int32_t>(positions * width);
  if (!weights || !sums) return 1.0;
  std::fill_n(weights.get(), rows * width, std::uint8_t{1});
  const std::vector<std::int32_t> start(width, 0);
  // Every second row, so that the events' order is one of real spikes.
  std::vector<std::uint16_t> events;
  std::vector<std::uint32_t> first{0};
  for (std::int64_t p = 0; p < positions; ++p) {
    for (std::int64_t row = p % 2; row < rows; row += 2) events.push_back(event_number(row));
    first.push_back(static_cast<std::uint32_t>(events.size()));
  }
  const std::vector<std::uint8_t> inputs(positions * rows, 1);
  const double half = best_time([&] {
    sum_events({weights.get(), width}, {events.data(), first.data()}, positions, start.data(), sums.get());
  });
  const double all = best_time([&] {
    multiply_counts(reinterpret_cast<const std::int8_t*>(weights.get()), width, inputs.data(), rows,
                    positions, start.data(), sums.get());
  });
  return std::clamp(0.5 * all / half, 0.05, 1.0);
}

}  // namespace

double dense_density() {
  static const double density = measure();
  return density;
}

}  // namespace rheobase

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rheobase {

// What is measured to find which path of a synapse is the faster one: a plane of 64 channels behind 3x3 taps
// of 64, a layer of the size that fills the first-level cache.
inline constexpr std::int64_t sample_width = 64;
inline constexpr std::int64_t sample_rows = 576;
inline constexpr std::int64_t sample_positions = 16;

/// Seconds that the event path takes for such positions at density 1/2.
double seconds_of_half_events();

/// The best of several runs, in seconds: what disturbs a run only makes it longer.
template <class Run>
double best_seconds(const Run& run, int runs = 12) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace rheobase

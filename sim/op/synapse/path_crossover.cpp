#include "sim/op/synapse/path_crossover.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <vector>

#include "sim/op/host/path_timing.h"

namespace rheobase {
namespace {

// Both paths take time that grows evenly with the density: two points are enough.
constexpr double low_density = 1.0 / 16, high_density = 1.0 / 2;

// Events of so many of the values, of size 1 and either sign if there are two.
std::vector<std::uint64_t> random_signal(const SignalSpec& spec, double density) {
  std::vector<std::uint64_t> words((spec.bytes() + 7) / 8);
  std::mt19937 random(1);
  std::bernoulli_distribution active(density), negative(spec.low < 0 ? 0.5 : 0.0);
  auto* numbers = reinterpret_cast<std::int16_t*>(words.data());
  for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
    if (!active(random)) continue;
    if (spec.type == SignalType::int16) {
      numbers[i] = static_cast<std::int16_t>(negative(random) ? -1 : 1);
    } else {
      const std::int64_t c = i % spec.shape.channels;
      words[i / spec.shape.channels * spec.words_per_pixel() + c / 64] |= std::uint64_t{1} << (c % 64);
    }
  }
  return words;
}

double seconds(const RunPath& run, SynapsePath path, std::vector<std::uint64_t>& words) {
  const SignalView view{reinterpret_cast<std::byte*>(words.data()), words.size() * 8, 1};
  constexpr int runs = 4;
  return best_seconds([&] { run(path, view); }, runs);
}

double measure(const SignalSpec& input, const RunPath& run) {
  std::vector<std::uint64_t> few = random_signal(input, low_density);
  std::vector<std::uint64_t> many = random_signal(input, high_density);
  const double dense = seconds(run, SynapsePath::dense, many);
  const double low = seconds(run, SynapsePath::event, few), high = seconds(run, SynapsePath::event, many);
  const double slope = (high - low) / (high_density - low_density);
  if (slope <= 0.0) return 1.0;  // disturbed
  return std::clamp(low_density + (dense - low) / slope, 0.01, 1.0);
}

std::vector<std::int64_t> key_of(const Conv2dGeometry& g) {
  const Window& w = g.window;
  const ImageShape &in = g.input.shape, &out = g.output;
  return {static_cast<std::int64_t>(g.input.type),
          g.input.low,
          g.input.high,
          in.channels,
          in.height,
          in.width,
          out.channels,
          out.height,
          out.width,
          g.groups,
          w.kernel[0],
          w.kernel[1],
          w.stride[0],
          w.stride[1],
          w.dilation[0],
          w.dilation[1],
          w.padding[0],
          w.padding[1]};
}

}  // namespace

double path_crossover(const Conv2dGeometry& geometry, const RunPath& run) {
  static std::mutex mutex;
  static std::map<std::vector<std::int64_t>, double> known;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = known.try_emplace(key_of(geometry), 1.0);
  if (is_new) entry->second = measure(geometry.input, run);
  return entry->second;
}

}  // namespace rheobase

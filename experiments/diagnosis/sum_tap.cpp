#include "experiments/diagnosis/sum_tap.h"

#include <algorithm>
#include <limits>

#include "sim/core/error.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {

void SignalSums::decode(int slot, int divisor, std::span<float> values) const {
  const float* from = sums.data() + slot * size;
  const auto count = static_cast<float>(spec.constant ? 1 : divisor);
  const std::int64_t channels = spec.shape.channels;
  for (std::int64_t i = 0; i < size; i += channels) {
    for (std::int64_t c = 0; c < channels; ++c) values[i + c] = from[i + c] * spec.scale(c) / count;
  }
}

SumTap::SumTap(const Engine& engine) : engine_(engine), watched_(engine.nodes().size()) {
  if (engine.lookahead() != 1) throw InternalError("sums are taken step by step");
}

const SignalSums& SumTap::watch(int node, bool neuron) {
  if (!engine_.is_stored(node))
    throw InternalError(engine_.nodes()[node].name + " is computed in a later node");
  std::unique_ptr<SignalSums>& watched = watched_.at(node);
  if (watched == nullptr) watched = std::make_unique<SignalSums>();
  watched->spec = engine_.signal(node);
  watched->size = watched->spec.shape.size();
  const std::int64_t all = watched->size * engine_.slots();
  watched->sums.resize(all);
  watched->largest.resize(engine_.slots());
  if (neuron) {
    watched->events.resize(all);
    watched->least.resize(all);
  }
  return *watched;
}

void SumTap::start() {
  for (const auto& watched : watched_) {
    if (watched == nullptr) continue;
    std::fill(watched->sums.begin(), watched->sums.end(), 0.0F);
    std::fill(watched->events.begin(), watched->events.end(), std::uint16_t{0});
    std::fill(watched->least.begin(), watched->least.end(), std::numeric_limits<float>::infinity());
    std::fill(watched->largest.begin(), watched->largest.end(), 0.0F);
  }
}

void SumTap::begin(std::span<const int> /*lanes*/) {}
void SumTap::taken(int /*lane*/) {}

// A slot's lane is seen by one thread at a time.
void SumTap::on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) {
  SignalSums* const watched = watched_[node].get();
  if (watched == nullptr) return;
  const std::int64_t channels = spec.shape.channels;
  std::vector<float> scratch(channels);
  float largest = watched->largest[lane];
  for (std::int64_t pixel = 0; pixel < spec.shape.pixels(); ++pixel) {
    const float* numbers = stored_pixel(spec, view, lane, pixel, scratch.data());
    const std::int64_t first = lane * watched->size + pixel * channels;
    float* sums = watched->sums.data() + first;
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += numbers[c];
    if (watched->events.empty()) continue;
    std::uint16_t* events = watched->events.data() + first;
    float* least = watched->least.data() + first;
    for (std::int64_t c = 0; c < channels; ++c) {
      events[c] = static_cast<std::uint16_t>(events[c] + (numbers[c] != 0.0F ? 1 : 0));
      least[c] = std::min(least[c], numbers[c]);
      largest = std::max(largest, numbers[c]);
    }
  }
  watched->largest[lane] = largest;
}

}  // namespace rheobase

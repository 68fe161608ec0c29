#include "sim/engine/host/tally.h"

#include <algorithm>
#include <bit>

#include "sim/core/hash.h"
#include "sim/op/host/number_activity.h"
#include "sim/op/host/spike_bits.h"

namespace rheobase {
namespace {

// Of a neuron the values that are not 0; else what counts add up to.
std::uint64_t count_events(const SignalSpec& spec, const SignalView& view, int lane, bool is_neuron) {
  if (spec.type == SignalType::spikes)
    return count_spikes(view.spikes(lane), spec.shape.pixels() * spec.words_per_pixel());
  if (spec.type == SignalType::real32) return count_active(view.real(lane), spec.shape.size());
  if (is_neuron) return count_active(view.int16(lane), spec.shape.size());
  std::uint64_t sum = 0;
  const std::int16_t* counts = view.int16(lane);
  for (std::int64_t i = 0; i < spec.shape.size(); ++i)
    sum += static_cast<std::uint64_t>(std::max<int>(0, counts[i]));
  return sum;
}

// Calls visit(neuron, value) for every event of graded neurons, numbered in C, H, W order.
template <class Visit>
void for_graded_events(const SignalSpec& spec, const SignalView& view, int lane, const Visit& visit) {
  const std::int64_t channels = spec.shape.channels;
  const auto walk = [&](const auto* values) {
    for (std::int64_t pixel = 0; pixel < spec.shape.pixels(); ++pixel) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto value = static_cast<std::int64_t>(values[pixel * channels + c]);
        if (value != 0) visit(static_cast<std::uint64_t>(c * spec.shape.pixels() + pixel), value);
      }
    }
  };
  if (spec.type == SignalType::int16)
    walk(view.int16(lane));
  else
    walk(view.real(lane));
}

// Sum of the hash terms (core/hash.h) of one lane's spikes; neurons are numbered in C, H, W order.
std::uint64_t hash_spikes(const SignalSpec& spec, const SignalView& view, int lane, std::uint64_t prefix) {
  std::uint64_t hash = 0;
  if (spec.type != SignalType::spikes) {
    for_graded_events(spec, view, lane, [&](std::uint64_t neuron, std::int64_t value) {
      hash += spike_hash_term(prefix, neuron, value);
    });
    return hash;
  }
  const std::uint64_t* words = view.spikes(lane);
  const std::int64_t per_pixel = spec.words_per_pixel();
  for (std::int64_t w = 0; w < spec.shape.pixels() * per_pixel; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      const std::int64_t channel = w % per_pixel * 64 + std::countr_zero(rest);
      hash += spike_hash_term(prefix, channel * spec.shape.pixels() + w / per_pixel, 1);
    }
  }
  return hash;
}

}  // namespace

Tally::Tally(const Plan& plan, const SlotSchedule& schedule, bool hash)
    : plan_(plan),
      schedule_(schedule),
      hash_(hash),
      spiking_(plan.spiking),
      counted_(plan.nodes.size(), 0),
      hashed_(plan.nodes.size(), 0),
      spike_counts_(plan.spiking.size() * schedule.slots()),
      hashes_(schedule.slots()),
      lane_counts_(plan.nodes.size() * schedule.lane_count()),
      lane_hashes_(schedule.lane_count()) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const SignalSpec& output = plan.nodes[i].output;
    const bool is_events = output.type == SignalType::spikes || output.type == SignalType::int16;
    counted_[i] = is_events || output.sparse ? 1 : 0;
  }
  for (const int node : spiking_) {
    counted_[node] = 1;
    hashed_[node] = hash ? 1 : 0;
  }
}

void Tally::clear(int slot) {
  std::fill_n(spike_counts_.begin() + slot * spiking_.size(), spiking_.size(), 0);
  hashes_[slot] = 0;
}

void Tally::begin(std::span<const int> lanes) {
  for (const int lane : lanes) lane_hashes_[lane] = 0;
}

void Tally::look(int node, const SignalView& output, int lane, std::optional<std::uint64_t> active) {
  const SignalSpec& spec = plan_.nodes[node].output;
  const bool is_neuron = plan_.nodes[node].spiking;
  lane_counts_[node * schedule_.lane_count() + lane] =
      active && is_neuron ? *active : count_events(spec, output, lane, is_neuron);
  if (hashed_[node] == 0) return;
  const std::uint64_t sample = schedule_[schedule_.slot_of(lane)].sample;
  lane_hashes_[lane] +=
      hash_spikes(spec, output, lane, spike_hash_prefix(sample, schedule_.step_of(lane), node));
}

void Tally::take(int slot, int lane) {
  hashes_[slot] += lane_hashes_[lane];
  for (std::size_t i = 0; i < spiking_.size(); ++i)
    spike_counts_[slot * spiking_.size() + i] += events(spiking_[i], lane);
}

}  // namespace rheobase

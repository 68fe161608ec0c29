#include "sim/engine/host/operation_meter.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <type_traits>

#include "sim/op/host/number_activity.h"
#include "sim/op/host/spike_bits.h"

namespace rheobase {
namespace {

// The operations that the edges' values would lead to if they led as far as others.
template <class Number>
std::uint64_t missing_operations(const SynapseReader& reader, const SignalSpec& spec, const Number* values) {
  const std::uint32_t* missing = reader.missing.data();
  const std::int64_t channels = spec.shape.channels;
  std::uint64_t sum = 0;
  for (const SynapseReader::Run& run : reader.edges) {
    sum += weigh_active(values + run.first * channels, run.pixels * channels, missing);
    missing += run.pixels * channels;
  }
  return sum;
}

std::uint64_t missing_operations(const SynapseReader& reader, const SignalSpec& spec,
                                 const std::uint64_t* words) {
  const std::int64_t per_pixel = spec.words_per_pixel();
  const bool narrow = !reader.missing_by_bit.empty();
  const std::uint16_t* by_bit = reader.missing_by_bit.data();
  const std::uint32_t* missing = reader.missing.data();
  std::uint64_t sum = 0;
  for (const SynapseReader::Run& run : reader.edges) {
    const std::uint64_t* first = words + run.first * per_pixel;
    if (narrow) sum += weigh_spikes(first, run.pixels * per_pixel, by_bit, reader.most_missing);
    for (std::int64_t w = 0; w < run.pixels * per_pixel && !narrow; ++w) {
      const std::uint32_t* own = missing + w / per_pixel * spec.shape.channels + w % per_pixel * 64;
      for (std::uint64_t rest = first[w]; rest != 0; rest &= rest - 1) sum += own[std::countr_zero(rest)];
    }
    by_bit += narrow ? run.pixels * per_pixel * 64 : 0;
    missing += run.pixels * spec.shape.channels;
  }
  return sum;
}

// `counts` are the active values of each channel.
std::uint64_t most_operations(const SynapseReader& reader, const std::vector<std::uint32_t>& counts) {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < reader.by_channel.size(); ++c)
    sum += std::uint64_t{counts[c]} * reader.by_channel[c];
  return sum;
}

}  // namespace

void OperationMeter::Work::clear(std::size_t synapse_count) {
  step = {};
  synapses.assign(synapse_count, {});
}

OperationMeter::Work& OperationMeter::Work::operator+=(const Work& other) {
  step.spikes += other.step.spikes;
  step.acs += other.step.acs;
  step.macs += other.step.macs;
  for (std::size_t i = 0; i < other.synapses.size(); ++i) synapses[i] += other.synapses[i];
  return *this;
}

OperationMeter::OperationMeter(const OperationPlan& plan, const SlotSchedule& schedule)
    : plan_(plan), schedule_(schedule), lanes_(schedule.lane_count()), slots_(schedule.slots()) {
  std::int64_t channels = 0;
  for (const CountedSignal& signal : plan.signals)
    channels = std::max(channels, signal.spec.words_per_pixel() * 64);
  for (Lane& lane : lanes_) {
    lane.work.clear(synapses());
    lane.work.counts.reserve(channels);
  }
  for (Slot& slot : slots_) slot.constant.counts.reserve(channels);
  for (int slot = 0; slot < schedule.slots(); ++slot) clear(slot);
}

void OperationMeter::clear(int slot) {
  Slot& own = slots_.at(slot);
  own.constant.clear(synapses());
  own.steps.clear();
  own.synapses.assign(synapses(), {});
  own.evaluations = 0;
}

std::optional<std::uint64_t> OperationMeter::measure(const CountedSignal& signal, const SignalView& view,
                                                     int lane, Work& work) {
  const SignalSpec& spec = signal.spec;
  const std::int64_t pixels = spec.shape.pixels(), channels = spec.shape.channels;
  const auto add = [&](const SynapseReader& reader, std::uint64_t operations, bool unit) {
    const SynapseCost cost{unit ? operations : 0, unit ? 0 : operations};
    work.synapses[reader.synapse] += cost;
    work.step.acs += cost.acs;
    work.step.macs += cost.macs;
  };
  if (spec.type == SignalType::signs) {  // never 0: every synapse adds
    for (const SynapseReader& reader : signal.readers) add(reader, reader.all, true);
    if (signal.neuron) work.step.spikes += static_cast<std::uint64_t>(spec.shape.size());
    return std::nullopt;
  }
  std::vector<std::uint32_t>& counts = work.counts;
  const auto add_values = [&](const auto* values, std::uint64_t active, bool unit) {
    for (const SynapseReader& reader : signal.readers)
      add(reader, most_operations(reader, counts) - missing_operations(reader, spec, values), unit);
    if (signal.neuron) work.step.spikes += active;
    return active;
  };
  const auto active_of = [&](std::int64_t count, const auto* values, std::int64_t row) {
    counts.assign(count, 0);
    count_by_channel(values, pixels, row, counts.data());
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  const auto add_numbers = [&]<class Number>(const Number* values) {
    const std::uint64_t active = active_of(channels, values, channels);
    if (active == 0) return active;
    // Integers may be known to be units.
    const bool known = std::is_integral_v<Number> && signal.one == 1 && spec.low >= -1 && spec.high <= 1;
    return add_values(values, active,
                      known || is_unit(values, spec.shape.size(), static_cast<Number>(signal.one)));
  };
  switch (spec.type) {
    case SignalType::real32:
      return add_numbers(view.real(lane));
    case SignalType::int16:
      return add_numbers(view.int16(lane));
    case SignalType::int32:
      return add_numbers(view.int32(lane));
    default: {
      const std::int64_t words = spec.words_per_pixel();
      const std::uint64_t active = active_of(words * 64, view.spikes(lane), words);
      return active == 0 ? active : add_values(view.spikes(lane), active, true);
    }
  }
}

void OperationMeter::begin(std::span<const int> lanes) {
  for (const int lane : lanes) {
    lanes_.at(lane).work.clear(synapses());
    lanes_[lane].evaluated = false;
  }
}

bool OperationMeter::counts(int node) const { return plan_.signals[node].is_seen(); }

std::optional<std::uint64_t> OperationMeter::look(int node, const SignalView& output, int lane) {
  const CountedSignal& signal = plan_.signals.at(node);
  if (signal.output) lanes_.at(lane).evaluated = true;
  if (!signal.neuron && signal.readers.empty()) return std::nullopt;
  return measure(signal, output, lane,
                 signal.spec.constant ? slots_.at(schedule_.slot_of(lane)).constant : lanes_.at(lane).work);
}

void OperationMeter::take(int slot, int lane) {
  Slot& own = slots_.at(slot);
  Work& work = lanes_.at(lane).work;
  if (lanes_[lane].evaluated) {
    if (own.evaluations == 0 || !plan_.image_once) work += own.constant;
    ++own.evaluations;
  }
  own.steps.push_back(work.step);
  for (std::size_t i = 0; i < work.synapses.size(); ++i) own.synapses[i] += work.synapses[i];
}

SampleCost OperationMeter::cost(int slot) const {
  const Slot& own = slots_.at(slot);
  return {own.evaluations, own.steps, own.synapses};
}

}  // namespace rheobase

#include "sim/engine/host/operation_meter.h"

#include <algorithm>
#include <bit>

#include "sim/op/host/number_activity.h"
#include "sim/op/host/spike_bits.h"

namespace rheobase {
namespace {

std::uint64_t operations_of_spikes(const SignalSpec& spec, const std::uint64_t* words,
                                   const std::vector<std::uint32_t>& fan_out) {
  const std::int64_t count = spec.shape.pixels() * spec.words_per_pixel();
  std::uint64_t sum = 0;
  for (std::int64_t w = 0; w < count; ++w) {
    const std::uint32_t* neurons =
        fan_out.data() + w / spec.words_per_pixel() * spec.shape.channels + w % spec.words_per_pixel() * 64;
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) sum += neurons[std::countr_zero(rest)];
  }
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
  for (Lane& lane : lanes_) lane.work.clear(synapses());
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
  std::optional<std::uint64_t> active;
  const SignalSpec& spec = signal.spec;
  const std::int64_t size = spec.shape.size();
  const auto add = [&](const Activity& activity, const auto& operations_of) {
    for (const SynapseReader& reader : signal.readers) {
      const std::uint64_t operations = operations_of(reader);
      const SynapseCost cost{activity.unit ? operations : 0, activity.unit ? 0 : operations};
      work.synapses[reader.synapse] += cost;
      work.step.acs += cost.acs;
      work.step.macs += cost.macs;
    }
    if (signal.neuron) work.step.spikes += activity.active;
  };
  const auto add_numbers = [&]<class Number>(const Number* values) {
    const Activity activity = activity_of(values, size, static_cast<Number>(signal.one));
    active = activity.active;
    add(activity,
        [&](const SynapseReader& reader) { return weigh_active(values, size, reader.fan_out.data()); });
  };
  switch (spec.type) {
    case SignalType::spikes: {
      const std::uint64_t* words = view.spikes(lane);
      const std::int64_t count = spec.shape.pixels() * spec.words_per_pixel();
      add({signal.neuron ? count_spikes(words, count) : 0, true}, [&](const SynapseReader& reader) {
        return reader.by_bit.empty() ? operations_of_spikes(spec, words, reader.fan_out)
                                     : weigh_spikes(words, count, reader.by_bit.data(), reader.most);
      });
      break;
    }
    case SignalType::signs:  // never 0: every synapse adds
      add({static_cast<std::uint64_t>(size), true}, [](const SynapseReader& reader) { return reader.all; });
      break;
    case SignalType::real32:
      add_numbers(view.real(lane));
      break;
    case SignalType::int16:
      add_numbers(view.int16(lane));
      break;
    case SignalType::int32:
      add_numbers(view.int32(lane));
      break;
  }
  return active;
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

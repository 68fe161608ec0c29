#include "sim/cuda/executor/sample_queue.h"

#include <numeric>

#include "sim/core/error.h"

namespace rheobase::cuda {
namespace {

// Of counters_: samples staged and taken so far, then the results that wait.
struct Counters {
  std::int64_t staged, taken;
  std::int32_t finished;
};

}  // namespace

SampleQueue::SampleQueue(int capacity, std::size_t image_bytes)
    : capacity_(capacity),
      image_bytes_(image_bytes),
      host_images_(image_bytes * static_cast<std::size_t>(capacity)),
      staged_(sizeof(StagedEntry) * static_cast<std::size_t>(capacity)),
      waiting_(sizeof(std::int32_t) * static_cast<std::size_t>(capacity)),
      finished_(sizeof(std::int32_t) * static_cast<std::size_t>(capacity)),
      counters_(sizeof(Counters)),
      device_images_(image_bytes * static_cast<std::size_t>(capacity)) {
  clear();
}

void SampleQueue::clear() {
  *counters_.as<Counters>() = {};
  free_.resize(static_cast<std::size_t>(capacity_));
  std::iota(free_.rbegin(), free_.rend(), 0);
  taken_.clear();
}

std::int32_t SampleQueue::stage(std::uint64_t id, std::int64_t limit) {
  if (free_.empty()) throw InternalError("more samples are staged than the queue holds");
  const std::int32_t entry = free_.back();
  free_.pop_back();
  staged_.as<StagedEntry>()[entry] = {id, static_cast<std::int32_t>(limit)};
  auto& counters = *counters_.as<Counters>();
  waiting_.as<std::int32_t>()[counters.staged % capacity_] = entry;
  ++counters.staged;
  return entry;
}

Queue SampleQueue::device_view() const {
  auto* counters = counters_.as<Counters>();
  return {capacity_,        staged_.as<StagedEntry>(),    waiting_.as<std::int32_t>(), &counters->staged,
          &counters->taken, finished_.as<std::int32_t>(), &counters->finished};
}

std::span<const std::int32_t> SampleQueue::take_finished() {
  auto& counters = *counters_.as<Counters>();
  const auto* first = finished_.as<const std::int32_t>();
  taken_.assign(first, first + counters.finished);
  counters.finished = 0;
  free_.insert(free_.end(), taken_.rbegin(), taken_.rend());
  return taken_;
}

ResultRecords::ResultRecords(int entries, int classes, int spiking, int synapses)
    : entries_(entries),
      classes_(classes),
      spiking_(spiking),
      synapses_(synapses),
      finished_(sizeof(FinishedEntry) * static_cast<std::size_t>(entries)),
      counts_(sizeof(std::uint64_t) * static_cast<std::size_t>(entries) * spiking),
      synapse_costs_(sizeof(SynapseCost) * static_cast<std::size_t>(entries) * synapses) {}

void ResultRecords::reserve(std::int64_t steps) {
  if (steps <= most_steps_) return;
  most_steps_ = 0;
  const auto records = static_cast<std::size_t>(entries_) * static_cast<std::size_t>(steps);
  logits_ = {};
  logits_ = PinnedMemory(sizeof(float) * records * classes_);
  steps_ = {};
  steps_ = PinnedMemory(sizeof(StepCost) * records);
  most_steps_ = static_cast<std::int32_t>(steps);
}

Records ResultRecords::device_view() const {
  return {finished_.as<FinishedEntry>(), most_steps_,           logits_.as<float>(),
          counts_.as<std::uint64_t>(),   steps_.as<StepCost>(), synapse_costs_.as<SynapseCost>()};
}

SampleResult ResultRecords::result(const StagedEntry& staged, std::int32_t entry) const {
  const FinishedEntry& finished = finished_.as<FinishedEntry>()[entry];
  const auto steps = static_cast<std::size_t>(finished.steps);
  const std::size_t record = static_cast<std::size_t>(entry) * most_steps_;
  SampleResult result;
  result.sample = static_cast<std::int64_t>(staged.id);
  result.steps = finished.steps;
  result.stopped = finished.stopped != 0;
  result.logits_by_step = {logits_.as<const float>() + record * classes_, steps * classes_};
  result.spike_counts = {counts_.as<const std::uint64_t>() + static_cast<std::size_t>(entry) * spiking_,
                         static_cast<std::size_t>(spiking_)};
  result.spike_hash = finished.hash;
  if (synapses_ == 0) return result;
  result.cost = {finished.evaluations,
                 {steps_.as<const StepCost>() + record, steps},
                 {synapse_costs_.as<const SynapseCost>() + static_cast<std::size_t>(entry) * synapses_,
                  static_cast<std::size_t>(synapses_)}};
  return result;
}

}  // namespace rheobase::cuda

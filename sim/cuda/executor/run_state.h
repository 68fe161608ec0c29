#pragma once

#include <cstdint>

#include "sim/core/cost.h"
#include "sim/cuda/kernels/cuda_kernel.h"
#include "sim/stop/stop_rule.h"

namespace rheobase::cuda {

/// A sample that was staged, in memory of the host that the GPU reads. Its entry is also where its results
/// go.
struct StagedEntry {
  std::uint64_t id = 0;
  std::int32_t limit = 0;  ///< steps, 1 or more
};

/// What a sample came to, beside the lists of Records.
struct FinishedEntry {
  std::int32_t steps = 0;
  std::int32_t stopped = 0;  ///< by the rule
  std::int32_t evaluations = 0;
  std::uint64_t hash = 0;
};

/// Results by entry, in memory of the host that the GPU writes.
struct Records {
  FinishedEntry* finished = nullptr;
  std::int32_t most_steps = 0;
  float* logits = nullptr;          ///< [entry][most_steps][K]
  std::uint64_t* counts = nullptr;  ///< [entry][spiking node]
  StepCost* steps = nullptr;        ///< [entry][most_steps]
  SynapseCost* synapses = nullptr;  ///< [entry][synapse]
};

/// The sample in a slot.
struct SlotRecord {
  std::int32_t occupied = 0;
  std::int32_t entry = -1;  ///< of a streamed sample, which the rule ends
  std::int32_t limit = 0;
  std::int32_t evaluations = 0;
  std::uint64_t id = 0;
  std::uint64_t hash = 0;
  StopMemory memory;
};

/// Where one node's output is counted: `base` in a slot's work holds how many of its numbers are not 0, then
/// how many are neither -one, 0 nor one, then the operations of each reader.
struct CountedNode {
  std::int32_t base = 0;
  std::int32_t neuron = 0;    ///< its numbers that are not 0 are spikes
  std::int32_t constant = 0;  ///< counted in the sample's first step, for all of them
  std::int32_t first_reader = 0;
  std::int32_t readers = 0;
};

/// How operations are counted; no nodes where they are not.
struct CountedWork {
  std::int32_t nodes = 0;
  const CountedNode* node = nullptr;
  const std::int32_t* synapse = nullptr;  ///< by reader
  std::int32_t size = 0;                  ///< numbers of a slot's work
  std::int32_t synapses = 0;
  std::int32_t image_once = 0;           ///< OperationPlan::image_once
  std::int32_t output_constant = 0;      ///< the network is evaluated in a sample's first step alone
  std::uint64_t* work = nullptr;         ///< [slot][size], of the present step
  SynapseCost* synapse_costs = nullptr;  ///< [slot][synapse]
};

/// Samples on their way in and out.
struct Queue {
  std::int32_t capacity = 0;              ///< entries
  const StagedEntry* staged = nullptr;    ///< [entry]
  const std::int32_t* waiting = nullptr;  ///< ring of `capacity` entries in the order staged
  const std::int64_t* staged_count = nullptr;
  std::int64_t* taken_count = nullptr;
  std::int32_t* finished = nullptr;  ///< entries in the order of finishing, since the last look
  std::int32_t* finished_count = nullptr;
};

/// The logits of every slot.
struct DeviceReadout {
  std::int32_t classes = 0;
  std::int32_t running = 0;       ///< Plan::running
  DeviceSignal output;            ///< int32
  const double* units = nullptr;  ///< [K]
  const float* start = nullptr;   ///< [K]
  std::int64_t* sums = nullptr;   ///< [slot][K]
  float* logits = nullptr;        ///< [slot][K]
};

/// Everything that stays on the GPU between two steps, but for signals and potentials.
struct RunState {
  std::int32_t slots = 0;
  SlotRecord* slot = nullptr;
  std::int32_t* time = nullptr;  ///< by slot
  std::int32_t* active = nullptr;
  std::int32_t* active_count = nullptr;
  std::int32_t* fresh = nullptr;  ///< active slots in their sample's first step
  std::int32_t* fresh_count = nullptr;
  std::uint64_t* counts = nullptr;  ///< [slot][spiking node]
  std::int32_t spiking = 0;
  Queue queue;
  Records records;
  DeviceReadout readout;
  CountedWork counted;
  StopRule rule;

  ActiveSlots all_slots() const { return {active_count, active, time}; }
  ActiveSlots fresh_slots() const { return {fresh_count, fresh, time}; }
};

}  // namespace rheobase::cuda

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/core/cost.h"
#include "sim/engine/host/slot_schedule.h"
#include "sim/engine/operation_plan.h"
#include "sim/op/signal.h"

namespace rheobase {

/// Counts the operations and activations of samples, for each step computed, where the signals are. A call of
/// a layer counts as ACs if every input is -1, 0 or 1, else as MACs. Spikes are judged as stored, without
/// their height, which is folded into the weights: ACs. Numbers of fixed arithmetic are judged as stored too,
/// but for the image's, judged as its pixels. A layer that reads the constant image counts at every step, as
/// NeuroBench has it, although it is computed once a sample; not where the image enters once (running
/// values). A network without state is evaluated, and counts, once a sample.
class OperationMeter {
 public:
  /// `plan` and `schedule` must outlive the meter.
  OperationMeter(const OperationPlan& plan, const SlotSchedule& schedule);

  /// Another sample enters the slot.
  void clear(int slot);
  /// These lanes are about to be computed; what was seen of them before is over.
  void begin(std::span<const int> lanes);
  /// Whether look() has anything to see.
  bool counts(int node) const;
  /// A node's output on one lane; constant signals on the first lane of a slot's first step. Called from
  /// several threads at once, each with another lane.
  std::optional<std::uint64_t> look(int node, const SignalView& output, int lane);
  /// The lane's step was taken: what was seen of it counts.
  void take(int slot, int lane);
  /// What the sample in a slot took so far.
  SampleCost cost(int slot) const;

 private:
  struct Work {
    StepCost step;
    std::vector<SynapseCost> synapses;
    std::vector<std::uint32_t> counts;  // of one signal's channels, kept to keep its memory

    void clear(std::size_t synapse_count);
    Work& operator+=(const Work& other);
  };
  struct Lane {
    Work work;               // of the signals that change
    bool evaluated = false;  // the readout was computed
  };
  struct Slot {
    Work constant;  // of one step, of the signals that do not change with it
    std::vector<StepCost> steps;
    std::vector<SynapseCost> synapses;
    int evaluations = 0;
  };

  static std::optional<std::uint64_t> measure(const CountedSignal& signal, const SignalView& view, int lane,
                                              Work& work);

  std::size_t synapses() const { return plan_.counted.synapses.size(); }

  const OperationPlan& plan_;
  const SlotSchedule& schedule_;
  std::vector<Lane> lanes_;
  std::vector<Slot> slots_;
};

}  // namespace rheobase

#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/core/parallel.h"
#include "sim/graph/graph.h"
#include "sim/op/signal.h"

namespace rheobase {

/// Everything a kernel may touch in one step. State and signals belong to the engine.
struct StepArgs {
  std::span<const int> slots;  ///< the slots to advance, ascending; all others stay untouched
  std::span<const SignalView> inputs;
  SignalView output;
  SignalView state;  ///< real32, `state_size()` floats a slot
  TaskPool& pool;
};

/// One node on one device: planned once, then stepped many times. Immutable after construction; what it
/// computes for a slot depends on that slot's inputs and state only, never on the other slots or on the
/// number of threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// What step() writes. `constant` is the engine's to decide.
  virtual SignalSpec output() const = 0;
  /// Floats of state a slot needs; 0 for a node without memory.
  virtual std::size_t state_size() const { return 0; }
  /// True for a neuron, whose spikes are counted and hashed; false for an op that only moves spikes about.
  virtual bool is_neuron() const { return false; }
  /// Brings one slot's state to t = 0.
  virtual void reset(std::span<float> /*state*/) const {}
  virtual void step(const StepArgs& args) const = 0;
};

/// What a kernel is planned from. The node is validated; valid while the kernel is made, not longer.
struct KernelContext {
  const Node& node;
  std::vector<SignalSpec> inputs;
  Shape output_shape;
};

using MakeKernel = std::function<std::unique_ptr<Kernel>(const KernelContext&)>;

}  // namespace rheobase

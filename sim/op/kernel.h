#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/core/parallel.h"
#include "sim/graph/arithmetic.h"
#include "sim/op/scratch_memory.h"
#include "sim/op/signal.h"

namespace rheobase {

class TileAddend;
class TileNeuron;
class TileSource;

/// How a synapse that reads spikes adds them up; the results are the same.
enum class SynapsePath {
  event,  ///< walks the spikes, adds weight rows
  dense   ///< multiplies everything
};

/// Steps of one slot that may be computed at once.
inline constexpr int max_lanes_per_slot = 64;

/// The lanes of one slot among those to advance: lanes[first], ..., lanes[first + count - 1].
struct SlotLanes {
  std::int32_t first = 0;
  std::int32_t count = 0;
};

/// Everything a kernel may touch in one step. State and signals belong to the engine.
struct StepArgs {
  std::span<const int> lanes;        ///< what to advance, ascending; all other lanes stay untouched
  std::span<const SlotLanes> slots;  ///< the same by slot; a slot's lanes are its next steps in order
  std::span<const SignalView> inputs;
  SignalView output;
  SignalView state;  ///< `state_size()` 32-bit values a slot
  TaskPool& pool;
  std::span<std::byte> scratch_memory;  ///< `scratch_bytes()` or more for each worker of the pool
  SynapsePath path = SynapsePath::event;

  ScratchMemory scratch(int worker) const {
    const std::size_t share = scratch_memory.size() / static_cast<std::size_t>(pool.threads());
    const std::size_t each = share / ScratchMemory::alignment * ScratchMemory::alignment;
    return {scratch_memory.data() + each * static_cast<std::size_t>(worker), each};
  }
};

/// One node on one device: planned once, then stepped many times. Immutable after construction; what it
/// computes for a lane depends on that slot's inputs and state only, never on the other slots or on the
/// number of threads. A kernel with state advances the lanes of a slot in order.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// What step() writes. `constant` is the engine's to decide.
  virtual SignalSpec output() const = 0;
  /// 32-bit values of state a slot needs; 0 for a node without memory.
  virtual std::size_t state_size() const { return 0; }
  /// True for a neuron, whose spikes are counted and hashed; false for an op that only moves spikes about.
  virtual bool is_neuron() const { return false; }
  /// Brings one slot's state to t = 0.
  virtual void reset(std::span<std::byte> /*state*/) const {}
  virtual void step(const StepArgs& args) const = 0;

  /// Bytes of scratch memory that one task of step() takes at most.
  virtual std::size_t scratch_bytes() const { return 0; }
  /// Steps after which fixed arithmetic might overflow.
  virtual std::int64_t max_steps() const { return std::int64_t{1} << 62; }
  /// Density of spikes from which on the dense path is the faster one; more than 1 where there is none.
  virtual double dense_from() const { return 2.0; }

  // How kernels are joined without storing what passes between them (tile.h); nullptr where they cannot be.
  virtual const TileSource* tile_source() const { return nullptr; }
  virtual const TileAddend* tile_addend() const { return nullptr; }
  virtual const TileNeuron* tile_neuron() const { return nullptr; }
};

/// What a kernel is planned from. The node is validated; valid while the kernel is made, not longer.
struct KernelContext {
  const Node& node;
  std::vector<SignalSpec> inputs;
  Shape output_shape;
};

using MakeKernel = std::function<std::unique_ptr<Kernel>(const KernelContext&)>;

}  // namespace rheobase

#pragma once

#include <memory>
#include <span>

#include "sim/core/parallel.h"
#include "sim/op/host/scratch_memory.h"
#include "sim/op/kernel.h"

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

/// Everything a kernel may touch in one step. State and signals belong to the executor.
struct StepArgs {
  std::span<const int> lanes;        ///< what to advance, ascending; all other lanes stay untouched
  std::span<const SlotLanes> slots;  ///< the same by slot; a slot's lanes are its next steps in order
  std::span<const SignalView> inputs;
  SignalView output;
  SignalView state;  ///< as many 32-bit words a slot as the node's InitialState
  TaskPool& pool;
  std::span<std::byte> scratch_memory;  ///< `scratch_bytes()` or more for each worker of the pool
  SynapsePath path = SynapsePath::event;

  ScratchMemory scratch(int worker) const {
    const std::size_t share = scratch_memory.size() / static_cast<std::size_t>(pool.threads());
    const std::size_t each = share / ScratchMemory::alignment * ScratchMemory::alignment;
    return {scratch_memory.data() + each * static_cast<std::size_t>(worker), each};
  }
};

/// A node on the reference or the cpu device. What it computes does not depend on the number of threads. A
/// kernel with state advances the lanes of a slot in order.
class HostKernel : public Kernel {
 public:
  virtual void step(const StepArgs& args) const = 0;

  /// Bytes of scratch memory that one task of step() takes at most.
  virtual std::size_t scratch_bytes() const { return 0; }
  /// Density of spikes from which on the dense path is the faster one; more than 1 where there is none.
  virtual double dense_from() const { return 2.0; }

  // How kernels are joined without storing what passes between them (tile.h); nullptr where they cannot be.
  virtual const TileSource* tile_source() const { return nullptr; }
  virtual const TileAddend* tile_addend() const { return nullptr; }
  virtual const TileNeuron* tile_neuron() const { return nullptr; }

  bool can_fuse(const Kernel& source, std::size_t addends) const final;
  bool adds_directly() const final { return tile_addend() != nullptr; }
  std::unique_ptr<Kernel> fused(FusionParts parts) const final;
};

/// How a host kernel is made of a planned node.
using MakeHostKernel = std::unique_ptr<HostKernel>(const NodeContext& context, const NodePlan& plan);

}  // namespace rheobase

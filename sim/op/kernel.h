#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/graph/arithmetic.h"
#include "sim/op/signal.h"

namespace rheobase {

/// A node's state at t = 0: the 32-bit words of `row`, over and over until there are `size`; none for a node
/// without memory. Data, so that whoever holds the state can put a sample at its start.
struct InitialState {
  std::vector<std::uint32_t> row;
  std::size_t size = 0;

  /// `rows` times the values of one row, float or std::int32_t.
  template <class Number>
  static InitialState repeat(const std::vector<Number>& values, std::int64_t rows) {
    InitialState state;
    for (const Number value : values) state.row.push_back(std::bit_cast<std::uint32_t>(value));
    state.size = values.size() * static_cast<std::size_t>(rows);
    return state;
  }
};

/// Steps that a node without a bound may run.
inline constexpr std::int64_t unlimited_steps = std::int64_t{1} << 62;

/// What a node is in one arithmetic, whatever device runs it.
struct NodePlan {
  SignalSpec output;  ///< what it emits; `constant` is the engine's to decide
  InitialState state = {};
  /// Steps after which fixed arithmetic might overflow.
  std::int64_t max_steps = unlimited_steps;
};

/// What is known of a node when it is planned. The node is validated; valid during the call.
struct NodeContext {
  const Node& node;
  std::vector<SignalSpec> inputs;
  Shape output_shape;
};

/// Says what a node is. Throws InputError naming it where its inputs are not what it can read or fixed
/// arithmetic might overflow.
using PlanNode = std::function<NodePlan(const NodeContext&)>;

class Kernel;

/// What is added to a synapse's output on the way to the neuron: a kernel that adds directly, or no kernel
/// for a current that is stored already.
struct FusedAddend {
  std::unique_ptr<Kernel> kernel;
  SignalSpec output;
};

/// A synapse, what is added to its output, and the neuron that takes the sum. The one kernel that they become
/// reads the input of the synapse, then one for each addend.
struct FusionParts {
  std::unique_ptr<Kernel> source;
  std::vector<FusedAddend> addends;
  std::unique_ptr<Kernel> neuron;
};

/// One node on one device: made once, then stepped many times, immutable. What it computes for a lane depends
/// on that slot's inputs and state only, never on the other slots. How it is called is the device's:
/// HostKernel (host_kernel.h), CudaKernel (sim/cuda/kernels/cuda_kernel.h).
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Of a neuron: whether it can take the output of `source`, and of so many addends, without its being
  /// stored.
  virtual bool can_fuse(const Kernel& /*source*/, std::size_t /*addends*/) const { return false; }
  /// Of an addend: whether it can be added straight from its input.
  virtual bool adds_directly() const { return false; }
  /// The kernel of parts of which this is the neuron, and which it can fuse.
  virtual std::unique_ptr<Kernel> fused(FusionParts /*parts*/) const { return nullptr; }
};

/// Makes a kernel of a planned node.
using MakeKernel = std::function<std::unique_ptr<Kernel>(const NodeContext&, const NodePlan&)>;

}  // namespace rheobase

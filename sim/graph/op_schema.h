#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase {

/// What an op does with the values it reads: what passes, metrics and tools ask of a node before its name.
enum class Role : std::uint8_t {
  input,    ///< the image enters
  readout,  ///< the logits leave
  synapse,  ///< weighted sums: tensor `weight`, one row an output channel
  scaling,  ///< a scale and a shift a channel
  pool,     ///< one value of each window of a channel
  carrier,  ///< moves values, changes none
  join,     ///< the sum of its inputs
  neuron,   ///< a function of each value, and of those before it
};

/// What a parameter of a spiking neuron is, where it is in the unit of the current that the neuron reads.
enum class Potential : std::uint8_t {
  none,       ///< has another unit, or no unit
  threshold,  ///< the neuron fires there
  rest,       ///< the potential begins there, or goes there without a current; 0 where it is absent
  reset       ///< a spike leaves it there
};

/// A setting an op takes. `example` fixes the type; an absent optional setting has the op's own default.
struct AttributeSpec {
  std::string name;
  Attribute example;
  bool required = false;
  Potential potential = Potential::none;   ///< one number: its channels share a unit unless it is 0
  std::optional<std::int64_t> fixed_to{};  ///< of fixed arithmetic alone: from 0 to this
};

struct TensorSpec {
  std::string name;
  bool required = true;
  Potential potential = Potential::none;  ///< {1} or {C}
  bool is_signs = false;                  ///< -1 and 1 alone, in either arithmetic
};

using Faults = std::vector<Fault>;

/// What an op is: its role, its inputs, settings and tensors, and the shape it produces.
struct OpSchema {
  std::string name;
  Role role;
  std::size_t min_inputs = 1;
  std::size_t max_inputs = 1;
  std::vector<AttributeSpec> attributes;
  std::vector<TensorSpec> tensors;
  /// The output's shape for the inputs' shapes; appends every fault it finds and returns nothing if there is
  /// one. Called only on nodes whose arity, attribute types and required tensors are right.
  std::function<std::optional<Shape>(const Node&, std::span<const Shape>, Faults&)> infer;

  bool binary = false;        ///< of a synapse: its weights are single bits
  bool adds_zeros = false;    ///< of a carrier: some outputs are 0 and come from no input
  bool has_state = false;     ///< of no neuron: what it emits depends on earlier steps, too
  bool concatenates = false;  ///< of a carrier: its inputs' channels one after another, places kept
  /// Of a neuron without memory: the same function in every place of a channel, which never decreases.
  bool is_monotone = false;
  /// Of a neuron that emits spikes: the tensor that says what a spike is worth, {1} or {C}. Such a neuron has
  /// a required threshold, and kernels of both arithmetics.
  std::string spike_height{};
  /// Of a spiking neuron whose events are +-2^k, k < its attribute `levels` (1 where it has none), and the
  /// largest of them is worth `spike_height`; others emit 1 or nothing, or counts.
  bool is_graded = false;
  /// Of a spiking neuron that may fire several times a step: it emits 0, 1, 2, ..., and `most_events` bounds
  /// that.
  bool emits_counts = false;
  /// Of such a neuron in fixed arithmetic: how often a channel fires in a step at most, where its current is
  /// at most `current`.
  std::function<std::int64_t(const Node&, std::int64_t channel, std::int64_t current)> most_events{};
  /// Of a neuron that does not spike but emits its potential, in the unit of its current: the largest
  /// magnitude of that in fixed arithmetic for currents within +-current; nothing where there is no bound.
  std::function<std::optional<std::int64_t>(const Node&, std::int64_t channel, std::int64_t current)> reach{};
  /// Of a graded neuron: what its integer thresholds in fixed arithmetic are multiples of.
  std::function<std::int64_t(const Node&)> granule{};
  /// Turns what a neuron's potentials leave (a decay, say) into integers; nothing where they are all.
  std::function<void(Node&)> make_fixed{};

  bool is_neuron() const { return role == Role::neuron; }
  bool is_spiking() const { return !spike_height.empty(); }
  bool emits_potential() const { return static_cast<bool>(reach); }
  bool is_synapse() const { return role == Role::synapse; }
  bool has_real_weights() const { return role == Role::synapse && !binary; }
  /// Its outputs are inputs, or made of inputs of one channel, and have their unit.
  bool carries() const { return role == Role::carrier || role == Role::pool; }
  /// Moves the values of one input: what scales them may be moved behind it.
  bool rearranges() const { return role == Role::carrier && max_inputs == 1; }
  /// Of a validated node of a spiking neuron, {1} or {C}.
  const Tensor& threshold_of(const Node& node) const;
  /// The largest magnitude of an event, and what an event of 1 is worth in a channel.
  std::int64_t largest_event(const Node& node) const;
  double height_of(const Node& node, std::int64_t channel) const;
  bool has_one_height(const Node& node) const { return node.tensors.at(spike_height).size() == 1; }
};

/// The ops a graph may use.
class SchemaSet {
 public:
  void add(OpSchema schema);
  const OpSchema* find(const std::string& op) const;
  /// Of a node that was validated against this set.
  const OpSchema& of(const Node& node) const;
  /// Sorted names, for messages.
  std::vector<std::string> names() const;

 private:
  std::map<std::string, OpSchema> schemas_;
};

/// Input, Output, Conv2d, Linear, Affine, AvgPool2d, MaxPool2d, CumulativeMaxPool2d, Add, Concat, Pad, Slice,
/// Flatten, Onset (docs/reference/graph.md).
void add_structural_schemas(SchemaSet& schemas);

/// Fault helper for infer(): a tensor must have exactly this shape.
bool expect_shape(const Node& node, const std::string& tensor, const Shape& expected, Faults& faults);
/// A neuron parameter is one number or one per channel ({1} or {C}); all finite.
bool expect_per_channel(const Node& node, const std::string& tensor, std::int64_t channels, Faults& faults);

}  // namespace rheobase

#include "converters/passes/running_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "converters/passes/fixed_rounding.h"
#include "sim/graph/channel_origins.h"
#include "sim/graph/structural_ops.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

bool is_zero(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return v == 0; });
}

bool is_padded(const Window& window) {
  return window.ceil_mode ||
         std::any_of(window.padding.begin(), window.padding.end(), [](auto p) { return p > 0; });
}

// Moves what is added at every step along the edges, until a neuron or the readout takes it as its start.
class ConstantMover {
 public:
  ConstantMover(Graph& graph, const SchemaSet& schemas, const std::string& source)
      : graph_(graph), schemas_(schemas), shapes_(validate_or_throw(graph, schemas, source)) {}

  void run(Faults& faults) {
    for (const int index : topological_order(graph_)) {
      Node& node = graph_.nodes[index];
      constants_[node.name] = pass(node, faults);
    }
  }

 private:
  using Values = std::vector<double>;  // one a channel

  const Values& read(const Node& node, std::size_t input = 0) const {
    return constants_.at(node.inputs.at(input));
  }
  std::size_t channels(const Node& node) const { return static_cast<std::size_t>(shapes_.at(node.name)[0]); }

  Values pass(Node& node, Faults& faults) {
    const OpSchema& schema = schemas_.of(node);
    switch (schema.role) {
      case Role::input:
        return Values(channels(node), 0.0);
      case Role::synapse:
        return through_synapse(node, faults);
      case Role::scaling:
        return through_scaling(node);
      case Role::join:
        return through_join(node);
      case Role::carrier:
      case Role::pool:
        return carried(node, schema, faults);
      case Role::neuron:
        start(node, schema, read(node));
        return Values(channels(node), 0.0);
      case Role::readout:
        node.tensors["start"] = tensor_of(read(node));
        node.attributes["running"] = std::int64_t{1};
        return read(node);
    }
    throw InternalError("not a role");
  }

  Values through_synapse(Node& node, Faults& faults) const {
    const Values& input = read(node);
    Values sums(channels(node), 0.0);
    if (!is_zero(input)) {
      if (is_convolution(node) && is_padded(conv2d_attributes(node).window)) refuse(node, faults);
      const fixed::WeightRows rows(node);
      const Tensor& weight = node.tensors.at("weight");
      for (std::int64_t o = 0; o < rows.outputs(); ++o) {
        rows.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
          sums[o] += weight.at(static_cast<std::size_t>(index)) * input[channel];
        });
      }
    }
    if (const Tensor* bias = node.tensor("bias")) {
      for (std::size_t o = 0; o < sums.size(); ++o) sums[o] += bias->of_channel(static_cast<std::int64_t>(o));
      node.tensors.erase("bias");
    }
    return sums;
  }

  Values through_scaling(Node& node) const {
    Values values = read(node);
    for (std::size_t c = 0; c < values.size(); ++c) {
      const auto channel = static_cast<std::int64_t>(c);
      values[c] = values[c] * node.tensors.at("scale").of_channel(channel) +
                  node.tensors.at("shift").of_channel(channel);
    }
    node.tensors["shift"] = scalar_tensor(0.0F);
    return values;
  }

  Values through_join(const Node& node) const {
    Values sum(channels(node), 0.0);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += read(node, i)[c];
    }
    return sum;
  }

  // An average of windows that all hold as many values, and a maximum, of values with one more constant are
  // that much more; zeros from elsewhere are not.
  Values carried(const Node& node, const OpSchema& schema, Faults& faults) const {
    Values values;
    bool any = false;
    for (const auto& origin : channel_origins(node, shapes_)) {
      values.push_back(origin ? read(node, origin->input)[origin->channel] : 0.0);
      any = any || values.back() != 0;
    }
    const bool pads =
        schema.adds_zeros || (schema.role == Role::pool && pool2d_attributes(node).count_include_pad &&
                              is_padded(pool2d_attributes(node).window));
    if (any && pads) refuse(node, faults);
    return values;
  }

  static void refuse(const Node& node, Faults& faults) {
    faults.push_back(
        {node.name,
         "pads a bias of the layers before it with zeros, so that it is no longer one number a channel, "
         "which neurons of running values start from; use '--method mt'"});
  }

  static void start(Node& neuron, const OpSchema& schema, const Values& constant) {
    const auto rest = std::find_if(schema.tensors.begin(), schema.tensors.end(),
                                   [](const TensorSpec& spec) { return spec.potential == Potential::rest; });
    if (rest == schema.tensors.end()) throw InternalError(neuron.op + " has no potential to start from");
    Values values = constant;
    if (const Tensor* own = neuron.tensor(rest->name)) {
      for (std::size_t c = 0; c < values.size(); ++c)
        values[c] += own->of_channel(static_cast<std::int64_t>(c));
    }
    neuron.tensors[rest->name] = tensor_of(values);
  }

  static Tensor tensor_of(const Values& values) {
    return {{static_cast<std::int64_t>(values.size())}, std::vector<float>(values.begin(), values.end())};
  }

  Graph& graph_;
  const SchemaSet& schemas_;
  const ShapeMap shapes_;
  std::map<std::string, Values> constants_;
};

// A running sum is memory: a cumulative pool's, a neuron's, the readout's.
bool has_memory(const OpSchema& schema) {
  return schema.is_neuron() || schema.has_state || schema.role == Role::readout;
}

// Puts an Onset on every edge from what depends on the image alone to what has memory, or joins such.
void insert_onsets(Graph& graph, const SchemaSet& schemas) {
  std::set<std::string> of_image;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    const bool reads_image = std::all_of(node.inputs.begin(), node.inputs.end(),
                                         [&](const std::string& input) { return of_image.contains(input); });
    if (reads_image && !has_memory(schemas.of(node))) of_image.insert(node.name);
  }
  std::map<std::string, std::string> onsets;
  std::vector<Node> added;
  for (Node& node : graph.nodes) {
    if (of_image.contains(node.name)) continue;
    for (std::string& input : node.inputs) {
      if (!of_image.contains(input)) continue;
      const auto [found, fresh] = onsets.emplace(input, input + ".onset");
      while (fresh && graph.find(found->second) != nullptr) found->second += '\'';
      if (fresh) added.push_back({found->second, "Onset", {input}, {}, {}});
      input = found->second;
    }
  }
  graph.nodes.insert(graph.nodes.end(), added.begin(), added.end());
}

}  // namespace

void make_running(Graph& graph, const SchemaSet& schemas, const std::string& source) {
  Faults faults;
  Graph running = graph;
  ConstantMover(running, schemas, source).run(faults);
  throw_if_any(source, faults);
  insert_onsets(running, schemas);
  graph = std::move(running);
}

}  // namespace rheobase

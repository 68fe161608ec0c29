#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "converters/passes/max_pools.h"
#include "converters/passes/running_values.h"
#include "converters/passes/spiking.h"
#include "neurons/if.h"
#include "neurons/multi_threshold.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

constexpr std::array methods{
    std::pair{SpikingMethod::integrate_and_fire, "if"}, std::pair{SpikingMethod::signed_if, "signed"},
    std::pair{SpikingMethod::multi_threshold, "mt"}, std::pair{SpikingMethod::sigma_delta, "sigma-delta"}};

// What a neuron is to say: values up to its threshold a step, and up to `cap` in all.
struct Range {
  Tensor threshold;
  Tensor cap;  // one number, infinity for none, or one a channel
};

Node if_neuron(const Node& node, const Range& range) {
  IfParameters neuron;
  neuron.v_threshold = range.threshold;
  neuron.v_init = range.threshold;
  for (float& v_init : neuron.v_init.reals()) v_init /= 2;
  return neuron.node(node.name, node.inputs.at(0));
}

// In units of the smallest event, to the nearest.
Tensor cap_in_events(const MultiThresholdParameters& neuron, const Tensor& cap) {
  std::vector<float> events;
  for (const float threshold : neuron.v_threshold.reals()) {
    const auto channel = static_cast<std::int64_t>(events.size());
    const double units =
        std::round(cap.of_channel(channel) / threshold * static_cast<double>(neuron.largest_event()));
    events.push_back(static_cast<float>(std::clamp(units, 1.0, static_cast<double>(largest_cap))));
  }
  const Shape shape = neuron.v_threshold.shape;
  return {shape, std::move(events)};
}

Node graded_neuron(const Node& node, const Range& range, const SpikingOptions& options) {
  MultiThresholdParameters neuron;
  neuron.v_threshold = range.threshold;
  neuron.levels = options.levels;
  switch (options.method) {
    case SpikingMethod::signed_if:
      neuron.kind = MultiThreshold::signed_if;
      neuron.levels = 1;
      break;
    case SpikingMethod::multi_threshold:
      neuron.kind = MultiThreshold::mtif;
      break;
    default:
      neuron.kind = MultiThreshold::sigma_delta;
      if (std::isfinite(range.cap.at(0))) neuron.cap = cap_in_events(neuron, range.cap);
  }
  return neuron.node(node.name, node.inputs.at(0));
}

Range range_of(const Node& node, const Thresholds& thresholds) {
  if (node.op == "QCFS") return {QcfsParameters::of(node).lambda, QcfsParameters::of(node).lambda};
  const float cap = ReluParameters::of(node).max;
  std::vector<float> values = thresholds.at(node.name);
  for (float& value : values) value = std::min(value, cap);
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {Tensor(shape, std::move(values)), scalar_tensor(cap)};
}

void expect_thresholds(const std::vector<OpenActivation>& activations, const Thresholds& thresholds,
                       const std::string& source) {
  Faults faults;
  for (const OpenActivation& activation : activations) {
    const auto found = thresholds.find(activation.node);
    if (found == thresholds.end()) {
      faults.push_back({activation.node,
                        "a ReLU has no threshold until one is found from samples: 'rheobase convert --data "
                        "SPEC' finds them, in a sweep [calibration] data; "
                        "'--to ann' keeps the network as it is"});
      continue;
    }
    for (const float value : found->second) {
      if (value > 0 && std::isfinite(value)) continue;
      faults.push_back({activation.node, fmt::format("its threshold is {}, expected more than 0", value)});
      break;
    }
  }
  throw_if_any(source, faults);
}

}  // namespace

SpikingMethod parse_method(const std::string& name) {
  for (const auto& [method, word] : methods) {
    if (name == word) return method;
  }
  throw InputError("--method", name, "expected if, signed, mt or sigma-delta");
}

const char* to_string(SpikingMethod method) {
  for (const auto& [known, word] : methods) {
    if (known == method) return word;
  }
  throw InternalError("not a method");
}

bool has_levels(SpikingMethod method) {
  return method == SpikingMethod::multi_threshold || method == SpikingMethod::sigma_delta;
}

// Measured: docs/reference/accuracy.md, "Networks with ReLUs, without training".
std::int64_t default_levels(SpikingMethod method) {
  if (method == SpikingMethod::sigma_delta) return 8;
  return method == SpikingMethod::multi_threshold ? 4 : 1;
}

void prepare_for_snn(Graph& graph, const SchemaSet& schemas, const std::string& source) {
  Faults faults;
  for (const Node& node : graph.nodes) {
    if (node.op == "Sign") {
      faults.push_back(
          {node.name, "a binary activation has no spiking counterpart; train with QCFS activations"});
    }
  }
  throw_if_any(source, faults);
  move_max_pools(graph, schemas);
}

std::vector<OpenActivation> open_activations(const Graph& graph, const SchemaSet& schemas,
                                             const std::string& source) {
  const ShapeMap shapes = validate_or_throw(graph, schemas, source);
  std::vector<OpenActivation> activations;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    if (node.op != "ReLU") continue;
    activations.push_back(
        {node.name, node.inputs.at(0), shapes.at(node.name)[0], ReluParameters::of(node).max});
  }
  return activations;
}

void convert_to_snn(Graph& graph, const SchemaSet& schemas, const std::string& source,
                    const SpikingOptions& options) {
  prepare_for_snn(graph, schemas, source);
  expect_thresholds(open_activations(graph, schemas, source), options.thresholds, source);
  cumulate_max_pools(graph);
  for (Node& node : graph.nodes) {
    if (!schemas.of(node).is_neuron()) continue;
    const Range range = range_of(node, options.thresholds);
    node = options.method == SpikingMethod::integrate_and_fire ? if_neuron(node, range)
                                                               : graded_neuron(node, range, options);
  }
  if (options.method == SpikingMethod::sigma_delta) make_running(graph, schemas, source);
}

}  // namespace rheobase

#include "python/bindings/model_facts.h"

#include <nanobind/stl/vector.h>

#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/errors.h"
#include "sim/graph/validate.h"

namespace rheobase::python {
namespace {

nb::list values_of(const Tensor& tensor) {
  nb::list list;
  tensor.for_each([&](double value) { list.append(value); });
  return list;
}

template <class Value>
void set(nb::dict& dict, const char* key, const std::optional<Value>& value) {
  if (value) dict[key] = *value;
}

nb::dict calibration_info(const CalibrationSamples& from) {
  nb::dict info;
  info["data"] = to_str(from.data);
  info["split"] = to_str(from.split);
  info["first"] = from.first;
  info["samples"] = from.samples;
  info["steps"] = from.steps;
  info["coding"] = from.coding.empty() ? nb::object(nb::none()) : nb::object(to_str(from.coding));
  if (from.coding == "poisson") info["seed"] = from.seed;
  if (!from.binning.empty()) info["binning"] = to_str(from.binning);
  set(info, "max_loss", from.max_loss);
  set(info, "max_steps", from.max_steps);
  set(info, "guarantee", from.guarantee);
  if (from.conditional) info["conditional"] = true;
  if (!from.network_sha256.empty()) info["network_sha256"] = to_str(from.network_sha256);
  info["sample_hashes"] = from.sample_hashes.size();
  return info;
}

nb::object stop_info(const Model& model) {
  if (!model.stop) return nb::none();
  nb::dict info;
  info["policy"] = to_str(model.stop->policy);
  info["alpha"] = model.stop->alpha;
  info["threshold"] = model.stop->threshold;
  if (model.stop->readout_delay > 0) info["readout_delay"] = model.stop->readout_delay;
  if (!model.stop->early_thresholds.empty()) info["early_thresholds"] = model.stop->early_thresholds;
  if (model.calibration) info["calibration"] = calibration_info(*model.calibration);
  return info;
}

nb::object training_info(const Model& model) {
  if (!model.training) return nb::none();
  nb::dict info;
  info["data"] = to_str(model.training->data);
  info["samples"] = model.training->sample_hashes.size();
  return info;
}

nb::dict provenance_info(const Provenance& from) {
  nb::dict info;
  info["tool_version"] = to_str(from.tool_version);
  info["source"] = to_str(from.source);
  info["source_sha256"] = to_str(from.source_sha256);
  info["conversion"] = to_str(from.conversion);
  return info;
}

nb::dict node_info(const NodeFacts& facts, const Node& node) {
  const OpSchema& schema = registry().schemas().of(node);
  nb::dict info;
  info["name"] = to_str(facts.name);
  info["op"] = to_str(facts.op);
  info["inputs"] = to_strs(facts.inputs);
  info["shape"] = nb::list(to_tuple(facts.shape));
  info["parameters"] = facts.parameters;
  info["neurons"] = facts.neurons;
  if (facts.spiking) info["v_threshold"] = values_of(schema.threshold_of(node));
  if (schema.is_graded) info["largest_event"] = schema.largest_event(node);
  for (const char* key : {"mean", "std"}) {
    if (const Tensor* tensor = node.tensor(key)) info[key] = values_of(*tensor);
  }
  return info;
}

}  // namespace

std::vector<NodeFacts> node_facts(const Model& model) {
  const SchemaSet& schemas = registry().schemas();
  const ShapeMap shapes = validate_or_throw(model.graph, schemas, "model");
  std::vector<NodeFacts> all;
  for (const int index : topological_order(model.graph)) {
    const Node& node = model.graph.nodes[index];
    const OpSchema& schema = schemas.of(node);
    NodeFacts facts{node.name, node.op, node.inputs, shapes.at(node.name)};
    if (schema.role != Role::input) {
      for (const auto& [name, tensor] : node.tensors) facts.parameters += element_count(tensor.shape);
    }
    if (schema.is_neuron()) facts.neurons = element_count(facts.shape);
    facts.spiking = schema.is_spiking();
    all.push_back(std::move(facts));
  }
  return all;
}

nb::dict model_info(const Model& model) {
  nb::list nodes;
  std::int64_t parameters = 0, neurons = 0;
  for (const NodeFacts& facts : node_facts(model)) {
    nodes.append(node_info(facts, *model.graph.find(facts.name)));
    parameters += facts.parameters;
    neurons += facts.neurons;
  }
  nb::dict info;
  info["provenance"] = provenance_info(model.provenance);
  info["arithmetic"] = to_str(model.arithmetic);
  info["stop"] = stop_info(model);
  info["training"] = training_info(model);
  info["parameters"] = parameters;
  info["neurons"] = neurons;
  info["nodes"] = nodes;
  return info;
}

}  // namespace rheobase::python

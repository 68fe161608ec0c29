#include "converters/nir/export/losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "neurons/lif.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::nir {
namespace {

using Names = std::vector<std::string>;

bool all_are(const Tensor* tensor, double wanted) {
  bool result = true;
  if (tensor != nullptr) tensor->for_each([&](double value) { result = result && value == wanted; });
  return result;
}

Names which(const Graph& graph, const std::function<bool(const Node&)>& is_one) {
  Names names;
  for (const Node& node : graph.nodes) {
    if (is_one(node)) names.push_back(node.name);
  }
  return names;
}

// `fc1`, `fc1 and 2 more`.
std::string told(const Names& names) {
  return names.size() == 1 ? names[0] : fmt::format("{} and {} more", names[0], names.size() - 1);
}

// The potential at t = 0 is other than 0.
bool begins_elsewhere(const Node& node) {
  const Tensor* v_init = node.tensor("v_init");
  return !all_are(v_init != nullptr ? v_init : node.tensor("v_leak"), 0);
}

// nir's own shape inference takes the channels of a group for all, and a kernel's height for its width.
bool is_misread(const Node& node) {
  if (!is_convolution(node)) return false;
  const Conv2dAttributes conv = conv2d_attributes(node);
  return conv.groups > 1 || conv.window.kernel[0] != conv.window.kernel[1];
}

}  // namespace

Notes losses(const Graph& graph, const SchemaSet& schemas, const NirGraph& written) {
  Notes notes;
  const auto tell = [&](const char* kind, const std::string& what,
                        const std::function<bool(const Node&, const OpSchema&)>& is_one) {
    const Names names = which(graph, [&](const Node& node) { return is_one(node, schemas.of(node)); });
    if (!names.empty()) notes.push_back({kind, fmt::format("{}: {}", told(names), what)});
  };
  const auto resets = [](const Node& node, const OpSchema& schema, Reset reset) {
    return schema.is_spiking() && !schema.emits_counts && reset_of(node) == reset;
  };
  tell("reset", "a spike subtracts the threshold, and NIR's goes to v_reset, 0: tell other readers",
       [&](const Node& node, const OpSchema& schema) { return resets(node, schema, Reset::subtract); });
  tell("reset", "a spike leaves the potential as it is, and NIR's goes to v_reset, 0",
       [&](const Node& node, const OpSchema& schema) {
         return resets(node, schema, Reset::none) && !all_are(node.tensor("decay"), 0);
       });
  tell("reset", "a spike's subtraction comes a step later, which of other readers snnTorch alone does",
       [](const Node& node, const OpSchema&) { return node.integer("reset_delay", 0) != 0; });
  tell("bound", "the potential has a lower bound, which NIR's has not",
       [](const Node& node, const OpSchema& schema) {
         return schema.is_spiking() && !schema.emits_counts && node.tensor("v_min") != nullptr;
       });
  tell("bursts", "fires several times a step, which of other readers Sinabs alone does",
       [](const Node&, const OpSchema& schema) { return schema.emits_counts; });
  tell("start", "begins at another potential than 0, where other readers begin",
       [](const Node& node, const OpSchema& schema) { return schema.is_neuron() && begins_elsewhere(node); });
  Names heights;
  for (const NirNode& node : written.nodes) {
    if (node.own.empty()) heights.push_back(node.name);
  }
  if (!heights.empty())
    notes.push_back(
        {"height", fmt::format("{}: a Scale says what spikes are worth where no weights read them, "
                               "and few readers have one",
                               told(heights))});
  tell("normalisation", "takes pixels before (x - mean) / std; for other readers do that first",
       [](const Node& node, const OpSchema& schema) {
         return schema.role == Role::input &&
                (!all_are(node.tensor("mean"), 0) || !all_are(node.tensor("std"), 1));
       });
  tell("shapes",
       "has groups or a kernel that is not square, whose shapes the nir package infers wrongly: "
       "nir.read(FILE, type_check=False)",
       [](const Node& node, const OpSchema& schema) { return schema.is_synapse() && is_misread(node); });
  return notes;
}

}  // namespace rheobase::nir

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "converters/passes.h"

namespace rheobase {
namespace {

using Readers = std::map<std::string, std::vector<std::size_t>>;

/// The factor of an Affine that only multiplies, by one number other than 0.
std::optional<float> only_factor(const Node& affine) {
  const auto& scale = affine.tensors.at("scale").reals();
  const auto& shift = affine.tensors.at("shift").reals();
  const auto is_zero = [](float x) { return x == 0; };
  const auto is_first = [&](float x) { return x == scale[0]; };
  if (scale.empty() || scale[0] == 0 || !std::all_of(scale.begin(), scale.end(), is_first) ||
      !std::all_of(shift.begin(), shift.end(), is_zero)) {
    return std::nullopt;
  }
  return scale[0];
}

/// The synapses that read `name`; nothing where anything else does, or nothing at all.
std::optional<std::vector<std::size_t>> synapses_behind(const Graph& graph, const SchemaSet& schemas,
                                                        const Readers& readers, const std::string& name) {
  std::vector<std::size_t> synapses;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto found = readers.find(open.back());
    open.pop_back();
    if (found == readers.end()) return std::nullopt;
    for (const std::size_t index : found->second) {
      const Node& reader = graph.nodes[index];
      const OpSchema& schema = schemas.of(reader);
      if (schema.has_real_weights()) {
        synapses.push_back(index);
      } else if (schema.rearranges()) {
        open.push_back(reader.name);
      } else {
        return std::nullopt;
      }
    }
  }
  return synapses;
}

}  // namespace

void fold_sign_scales(Graph& graph, const SchemaSet& schemas) {
  Readers readers;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& input : graph.nodes[i].inputs) readers[input].push_back(i);
  }
  std::set<std::string> folded;
  for (const Node& affine : graph.nodes) {
    if (schemas.of(affine).role != Role::scaling) continue;
    const Node* sign = graph.find(affine.inputs.at(0));
    const auto factor = only_factor(affine);
    if (sign == nullptr || sign->op != "Sign" || !factor) continue;
    const auto synapses = synapses_behind(graph, schemas, readers, affine.name);
    if (!synapses) continue;
    for (const std::size_t index : *synapses) {
      for (float& weight : graph.nodes[index].tensors.at("weight").reals()) weight *= *factor;
    }
    for (const std::size_t index : readers[affine.name]) graph.nodes[index].inputs = {sign->name};
    folded.insert(affine.name);
  }
  std::erase_if(graph.nodes, [&](const Node& node) { return folded.contains(node.name); });
}

}  // namespace rheobase

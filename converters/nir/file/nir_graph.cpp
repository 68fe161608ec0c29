#include "converters/nir/file/nir_graph.h"

#include <algorithm>

namespace rheobase::nir {

std::size_t Value::size() const {
  return std::visit([](const auto& list) { return list.size(); }, values);
}

const Value* NirNode::find(const std::string& parameter) const {
  const auto found = parameters.find(parameter);
  return found == parameters.end() ? nullptr : &found->second;
}

const NirNode* NirGraph::find(const std::string& name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const NirNode& node) { return node.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

}  // namespace rheobase::nir

#include "sim/graph/graph.h"

#include <algorithm>
#include <set>

namespace rheobase {
namespace {

template <class T>
const T* get_if(const Node& node, const std::string& key) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return nullptr;
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) throw InternalError("attribute " + key + " of " + node.name + " has another type");
  return value;
}

// `nodes` of a graph, const or not.
template <class Nodes>
auto& only(Nodes& nodes, const char* op) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.op == op; });
  if (found == nodes.end()) throw InternalError(std::string("a graph without ") + op);
  return *found;
}

}  // namespace

std::int64_t Node::integer(const std::string& key, std::int64_t fallback) const {
  const auto* value = get_if<std::int64_t>(*this, key);
  return value != nullptr ? *value : fallback;
}

double Node::real(const std::string& key, double fallback) const {
  const auto* value = get_if<double>(*this, key);
  return value != nullptr ? *value : fallback;
}

std::string Node::word(const std::string& key, const std::string& fallback) const {
  const auto* value = get_if<std::string>(*this, key);
  return value != nullptr ? *value : fallback;
}

std::vector<std::int64_t> Node::integers(const std::string& key,
                                         const std::vector<std::int64_t>& fallback) const {
  const auto* value = get_if<std::vector<std::int64_t>>(*this, key);
  return value != nullptr ? *value : fallback;
}

const Tensor* Node::tensor(const std::string& key) const {
  const auto found = tensors.find(key);
  return found == tensors.end() ? nullptr : &found->second;
}

const Node* Graph::find(const std::string& name) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

Node* Graph::find(const std::string& name) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

const Node& Graph::input() const { return only(nodes, "Input"); }
Node& Graph::input() { return only(nodes, "Input"); }
const Node& Graph::output() const { return only(nodes, "Output"); }

std::vector<int> topological_order(const Graph& graph) {
  std::map<std::string, std::vector<int>> consumers;
  std::vector<std::size_t> missing(graph.nodes.size());
  std::set<int> ready;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    missing[i] = node.op == delay_op ? 0 : node.inputs.size();
    if (missing[i] == 0) ready.insert(static_cast<int>(i));
    if (node.op == delay_op) continue;
    for (const std::string& input : node.inputs) consumers[input].push_back(static_cast<int>(i));
  }
  std::vector<int> order;
  std::set<std::string> produced;  // a second node of the same name releases nobody again
  while (!ready.empty()) {
    const int next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(next);
    const std::string& name = graph.nodes[next].name;
    if (!produced.insert(name).second) continue;
    for (const int consumer : consumers[name]) {
      if (--missing[consumer] == 0) ready.insert(consumer);
    }
  }
  return order;
}

}  // namespace rheobase

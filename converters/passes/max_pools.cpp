#include "converters/passes/max_pools.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rheobase {
namespace {

bool is_max_pool(const Node& node) { return node.op == "MaxPool2d"; }

class PoolMover {
 public:
  PoolMover(Graph& graph, const SchemaSet& schemas) : graph_(graph), schemas_(schemas) {}

  void run() {
    while (move_one()) {
    }
  }

 private:
  // A move adds, renames and takes out nodes: the search begins anew.
  bool move_one() {
    for (const Node& node : graph_.nodes) {
      if (!is_max_pool(node)) continue;
      const OpSchema& source = schemas_.of(*graph_.find(node.inputs.at(0)));
      if (!source.is_monotone && !source.concatenates) continue;
      const Node pool = node;
      source.is_monotone ? swap(pool) : distribute(pool);
      return true;
    }
    return false;
  }

  // activation -> pool becomes pool -> activation.
  void swap(const Node& pool) {
    Node activation = *graph_.find(pool.inputs[0]);
    graph_.find(pool.name)->inputs = activation.inputs;
    take_or_copy(activation, pool);
    activation.inputs = {pool.name};
    graph_.nodes.push_back(std::move(activation));
  }

  // concat -> pool becomes a pool of each branch -> concat.
  void distribute(const Node& pool) {
    Node concat = *graph_.find(pool.inputs[0]);
    erase(pool.name);
    take_or_copy(concat, pool);
    for (std::string& input : concat.inputs) {
      Node branch = pool;
      branch.name = fresh(pool.name + "." + input);
      branch.inputs = {input};
      input = branch.name;
      graph_.nodes.push_back(std::move(branch));
    }
    graph_.nodes.push_back(std::move(concat));
  }

  // What the pool reads no more takes the pool's place: itself, or a copy where others read it.
  void take_or_copy(Node& node, const Node& pool) {
    if (is_read(node.name)) {
      node.name = fresh(pool.name + "." + node.name);
    } else {
      erase(node.name);
    }
    for (Node& reader : graph_.nodes)
      std::replace(reader.inputs.begin(), reader.inputs.end(), pool.name, node.name);
  }

  bool is_read(const std::string& name) const {
    return std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const Node& node) {
      return std::find(node.inputs.begin(), node.inputs.end(), name) != node.inputs.end();
    });
  }

  void erase(const std::string& name) {
    std::erase_if(graph_.nodes, [&](const Node& node) { return node.name == name; });
  }

  std::string fresh(std::string name) const {
    while (graph_.find(name) != nullptr) name += '\'';
    return name;
  }

  Graph& graph_;
  const SchemaSet& schemas_;
};

}  // namespace

void move_max_pools(Graph& graph, const SchemaSet& schemas) { PoolMover(graph, schemas).run(); }

void cumulate_max_pools(Graph& graph) {
  for (Node& node : graph.nodes) {
    if (is_max_pool(node)) node.op = "CumulativeMaxPool2d";
  }
}

}  // namespace rheobase

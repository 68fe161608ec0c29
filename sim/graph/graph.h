#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "sim/core/error.h"
#include "sim/graph/tensor.h"

namespace rheobase {

/// A node's setting: an integer, a real, a word or a list of integers.
using Attribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>>;

/// One operation. `op` names its schema (op_schema.h); `inputs` name the nodes it reads.
struct Node {
  std::string name;
  std::string op;
  std::vector<std::string> inputs;
  std::map<std::string, Attribute> attributes;
  std::map<std::string, Tensor> tensors;

  /// The value of a setting that validation has made sure of; `fallback` where it is absent.
  std::int64_t integer(const std::string& key, std::int64_t fallback) const;
  double real(const std::string& key, double fallback) const;
  std::string word(const std::string& key, const std::string& fallback) const;
  std::vector<std::int64_t> integers(const std::string& key, const std::vector<std::int64_t>& fallback) const;
  /// nullptr where the node has no such tensor.
  const Tensor* tensor(const std::string& key) const;

  bool operator==(const Node&) const = default;
};

/// The op of nodes that emit what they read one step before, and 0 in the first step: a cycle of the graph
/// passes through one of them.
inline constexpr const char* delay_op = "Delay";

/// A directed graph of nodes that name their producers, without cycles but for those through a Delay. Exactly
/// one `Input` and one `Output` node; an ANN, an SNN and a BNN differ only in their neuron nodes. Node order
/// is free, see topological_order().
struct Graph {
  std::vector<Node> nodes;

  const Node* find(const std::string& name) const;
  Node* find(const std::string& name);
  /// The Input and the Output node of a sound graph.
  const Node& input() const;
  Node& input();
  const Node& output() const;
  bool operator==(const Graph&) const = default;
};

/// Node indices such that producers come first, though a Delay may come before what it reads; among nodes
/// that are ready the earlier one in `graph.nodes` comes first. Shorter than the graph when there is a cycle
/// or an unknown input.
std::vector<int> topological_order(const Graph& graph);

/// The graph as stable text, one node a line in topological order: name = op(inputs) {attributes} [tensors].
/// Tensors are shown by shape and a digest of their values, so two dumps are equal when the graphs compute
/// the same.
std::string dump(const Graph& graph);

}  // namespace rheobase

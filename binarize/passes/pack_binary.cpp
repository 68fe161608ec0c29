#include "binarize/passes/pack_binary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "binarize/ops/bit_rows.h"
#include "binarize/passes/sum_chain.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

// Of signs it is a disjunction.
bool is_max_pool(const Node& node) { return node.op == "MaxPool2d"; }

// What is left of a channel's weights beside their signs: their one magnitude, `Scale` a number. Nothing
// where they have several, or are 0.
template <class Scale, class Weight>
std::optional<std::vector<Scale>> magnitudes_of(const std::vector<Weight>& weights, std::size_t row) {
  std::vector<Scale> magnitudes;
  for (auto first = weights.begin(); first != weights.end(); first += static_cast<std::ptrdiff_t>(row)) {
    const Scale magnitude = std::abs(Scale{*first});
    const auto is_same = [&](Weight w) { return std::abs(Scale{w}) == magnitude; };
    if (magnitude == 0 || !std::all_of(first, first + static_cast<std::ptrdiff_t>(row), is_same))
      return std::nullopt;
    magnitudes.push_back(magnitude);
  }
  return magnitudes;
}

// Makes bits of weights that have one magnitude a channel, which becomes `scale` where it is not 1.
template <class Scale, class Weight>
bool split_weights(Node& node, const std::vector<Weight>& weights, std::size_t row) {
  auto scale = magnitudes_of<Scale>(weights, row);
  if (!scale) return false;
  Tensor& weight = node.tensors.at("weight");
  if (std::any_of(scale->begin(), scale->end(), [](Scale s) { return s != 1; }))
    node.tensors["scale"] = Tensor({weight.shape[0]}, std::move(*scale));
  weight = Tensor(weight.shape, Signs::of(weights));
  return true;
}

class Packer {
 public:
  Packer(Graph& graph, const SchemaSet& schemas)
      : graph_(graph), schemas_(schemas), arithmetic_(arithmetic_of(graph)) {
    for (const Node& node : graph.nodes) {
      for (const std::string& input : node.inputs) readers_[input].insert(node.name);
    }
  }

  int run() {
    find_bits();
    int packed = 0;
    for (Node& node : graph_.nodes) packed += pack(node) ? 1 : 0;
    if (arithmetic_ == Arithmetic::fixed) return packed;
    for (Node& node : graph_.nodes) {
      if (node.op == "Sign") move_before_pools(node);
    }
    for (Node& node : graph_.nodes) {
      if (schemas_.of(node).binary && signs_.contains(node.inputs[0]) && !fold_thresholds(node))
        fold_output(node);
    }
    std::erase_if(graph_.nodes, [&](const Node& node) { return gone_.contains(node.name); });
    return packed;
  }

 private:
  // The nodes whose outputs are bits of one height.
  void find_bits() {
    for (const int i : topological_order(graph_)) {
      const Node& node = graph_.nodes[i];
      const OpSchema& schema = schemas_.of(node);
      const bool is_sign = node.op == "Sign";
      const bool one_height = schema.is_spiking() && !schema.is_graded && !schema.emits_counts &&
                              (arithmetic_ == Arithmetic::fixed || schema.has_one_height(node));
      const bool moves_bits = schema.rearranges() && !schema.adds_zeros && bits_.contains(node.inputs[0]);
      const bool pools_signs = is_max_pool(node) && signs_.contains(node.inputs[0]);
      if (is_sign || one_height || moves_bits || pools_signs) bits_.insert(node.name);
      if (is_sign || ((moves_bits || pools_signs) && signs_.contains(node.inputs[0])))
        signs_.insert(node.name);
    }
  }

  bool pack(Node& node) const {
    if (!schemas_.of(node).has_real_weights() || !bits_.contains(node.inputs[0])) return false;
    if (node.integer("groups", 1) != 1 || node.integer("shift", 0) != 0) return false;
    const Tensor& weight = node.tensors.at("weight");
    const auto row = weight.size() / static_cast<std::size_t>(weight.shape[0]);
    if (row > static_cast<std::size_t>(max_bit_fan_in)) return false;
    const bool split = arithmetic_ == Arithmetic::fixed
                           ? split_weights<std::int32_t>(node, weight.int8s(), row)
                           : split_weights<float>(node, weight.reals(), row);
    if (!split) return false;
    node.op = "Binary" + node.op;
    node.attributes.erase("shift");
    if (auto bias = node.tensors.extract("bias")) {
      bias.key() = "shift";
      node.tensors.insert(std::move(bias));
    }
    return true;
  }

  // The only node that reads `name`; nullptr where there are several.
  Node* sole_reader(const std::string& name) {
    const auto& readers = readers_[name];
    return readers.size() == 1 ? graph_.find(*readers.begin()) : nullptr;
  }
  Node* sole_reader(const std::string& name, const char* op) {
    Node* reader = sole_reader(name);
    return reader != nullptr && reader->op == op ? reader : nullptr;
  }

  // Makes every reader of `from` read `to` instead.
  void redirect(const std::string& from, const std::string& to) {
    for (const std::string& reader : readers_[from]) {
      auto& inputs = graph_.find(reader)->inputs;
      std::replace(inputs.begin(), inputs.end(), from, to);
      readers_[to].insert(reader);
    }
    readers_[from].clear();
  }

  // Takes a node out: its readers read `to`.
  void remove(const Node& node, const std::string& to) {
    for (const std::string& input : node.inputs) readers_[input].erase(node.name);
    redirect(node.name, to);
    gone_.insert(node.name);
  }

  // x -> pool -> sign becomes x -> sign -> pool.
  void move_before_pools(Node& sign) {
    while (true) {
      Node* pool = graph_.find(sign.inputs[0]);
      if (!is_max_pool(*pool) || sole_reader(pool->name) != &sign) return;
      const std::string source = pool->inputs[0];
      redirect(sign.name, pool->name);
      readers_[pool->name].erase(sign.name);
      readers_[source].erase(pool->name);
      readers_[source].insert(sign.name);
      readers_[sign.name].insert(pool->name);
      sign.inputs[0] = source;
      pool->inputs[0] = sign.name;
      signs_.insert(pool->name);
    }
  }

  // The node's own scale and shift as an Affine.
  static std::optional<Node> own_affine(const Node& node) {
    if (node.tensor("scale") == nullptr && node.tensor("shift") == nullptr) return std::nullopt;
    Node affine{"", "Affine", {}, {}, {}};
    const Tensor* scale = node.tensor("scale");
    const Tensor* shift = node.tensor("shift");
    affine.tensors["scale"] = scale != nullptr ? *scale : scalar_tensor(1.0F);
    affine.tensors["shift"] = shift != nullptr ? *shift : scalar_tensor(0.0F);
    return affine;
  }

  // Affine and ReLU nodes that lead from a binary node to a Sign become the Sign's thresholds.
  bool fold_thresholds(Node& node) {
    SumChain chain;
    if (const auto own = own_affine(node)) chain.append(*own);
    std::vector<const Node*> between;
    Node* next = sole_reader(node.name);
    for (; next != nullptr && (next->op == "Affine" || next->op == "ReLU"); next = sole_reader(next->name)) {
      chain.append(*next);
      between.push_back(next);
    }
    if (next == nullptr || next->op != "Sign") return false;
    set_thresholds(node, chain, *next);
    for (const Node* passed : between) remove(*passed, node.name);
    return true;
  }

  static void set_thresholds(Node& node, const SumChain& chain, Node& sign) {
    Tensor& weight = node.tensors.at("weight");
    Signs signs = weight.signs();
    const std::int64_t channels = weight.shape[0];
    const auto row = static_cast<std::int64_t>(signs.size()) / channels;
    const Tensor limits = SignParameters::of(sign).threshold;
    std::vector<float> thresholds;
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto limit = static_cast<float>(limits.of_channel(c));
      const SumThreshold found = threshold_of(chain, c, limit, static_cast<std::int32_t>(row));
      thresholds.push_back(static_cast<float>(found.least));
      if (!found.mirrored) continue;
      for (std::int64_t i = c * row; i < (c + 1) * row; ++i) signs.set(i, signs[i] < 0);
    }
    weight = Tensor(weight.shape, std::move(signs));
    node.tensors.erase("scale");
    node.tensors.erase("shift");
    sign.tensors["threshold"] = Tensor({channels}, std::move(thresholds));
  }

  // ReLU, Affine and the addition of a real behind a binary node become part of it.
  void fold_output(Node& node) {
    const Node* relu = sole_reader(node.name, "ReLU");
    const bool positive_first = relu != nullptr && node.tensor("shift") == nullptr &&
                                ReluParameters::of(*relu).max == std::numeric_limits<float>::infinity();
    if (positive_first) {
      node.attributes["relu"] = std::int64_t{1};
      remove(*relu, node.name);
    }
    const Node* affine = sole_reader(node.name, "Affine");
    if (affine != nullptr) {
      join(node, *affine);
      remove(*affine, node.name);
    }
    const Node* add = sole_reader(node.name, "Add");
    if (add == nullptr || add->inputs.size() != 2) return;
    const std::string other = add->inputs[add->inputs[0] == node.name ? 1 : 0];
    if (other == node.name || bits_.contains(other)) return;
    node.inputs.push_back(other);
    readers_[other].insert(node.name);
    remove(*add, node.name);
  }

  // Another affine map on top of the node's own, each product rounded once.
  static void join(Node& node, const Node& affine) {
    const Node own = own_affine(node).value_or(
        Node{"", "Affine", {}, {}, {{"scale", scalar_tensor(1.0F)}, {"shift", scalar_tensor(0.0F)}}});
    const std::int64_t channels = node.tensors.at("weight").shape[0];
    const auto at = [](const Node& from, const char* key, std::int64_t c) {
      return from.tensors.at(key).of_channel(c);
    };
    std::vector<float> scale, shift;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double factor = at(affine, "scale", c);
      scale.push_back(static_cast<float>(factor * at(own, "scale", c)));
      shift.push_back(static_cast<float>(factor * at(own, "shift", c) + at(affine, "shift", c)));
    }
    node.tensors["scale"] = Tensor({channels}, std::move(scale));
    node.tensors["shift"] = Tensor({channels}, std::move(shift));
  }

  Graph& graph_;
  const SchemaSet& schemas_;
  Arithmetic arithmetic_;
  std::map<std::string, std::set<std::string>> readers_;
  std::set<std::string> bits_, signs_;
  std::set<std::string> gone_;  // nodes that are part of others now
};

}  // namespace

int pack_binary(Graph& graph, const SchemaSet& schemas) { return Packer(graph, schemas).run(); }

}  // namespace rheobase

#include <algorithm>
#include <map>
#include <set>

#include "converters/passes.h"

namespace rheobase {
namespace {

/// y = scale * x + shift, one number or one per channel in each list.
struct Affine {
  std::vector<double> scale, shift;

  static Affine of(const Node& node) {
    const auto widened = [&](const char* key) {
      const auto& values = node.tensors.at(key).reals();
      return std::vector<double>(values.begin(), values.end());
    };
    return {widened("scale"), widened("shift")};
  }
  double scale_at(std::size_t channel) const { return scale[scale.size() == 1 ? 0 : channel]; }
  double shift_at(std::size_t channel) const { return shift[shift.size() == 1 ? 0 : channel]; }
};

/// First `inner`, then `outer`.
Affine joined(const Affine& inner, const Affine& outer) {
  Affine result;
  const auto width = [](const Affine& affine) { return std::max(affine.scale.size(), affine.shift.size()); };
  const std::size_t count = std::max(width(inner), width(outer));
  for (std::size_t i = 0; i < count; ++i) {
    result.scale.push_back(inner.scale_at(i) * outer.scale_at(i));
    result.shift.push_back(inner.shift_at(i) * outer.scale_at(i) + outer.shift_at(i));
  }
  return result;
}

void fold_into(Node& synapse, const Affine& affine) {
  Tensor& weight = synapse.tensors.at("weight");
  const auto outputs = static_cast<std::size_t>(weight.shape.at(0));
  const std::size_t fan_in = outputs == 0 ? 0 : weight.size() / outputs;
  Tensor& bias = synapse.tensors["bias"];
  if (bias.size() == 0) bias = {{weight.shape[0]}, std::vector<float>(outputs, 0.0F)};
  std::vector<float>& weights = weight.reals();
  std::vector<float>& biases = bias.reals();
  for (std::size_t o = 0; o < outputs; ++o) {
    const double scale = affine.scale_at(o);
    for (std::size_t i = o * fan_in; i < (o + 1) * fan_in; ++i) {
      weights[i] = static_cast<float>(scale * weights[i]);
    }
    biases[o] = static_cast<float>(scale * biases[o] + affine.shift_at(o));
  }
}

/// Affine nodes behind one synapse, nearest first, each the only reader of the one before.
class AffineFolder {
 public:
  AffineFolder(Graph& graph, const SchemaSet& schemas) : graph_(graph), schemas_(schemas) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& input : graph.nodes[i].inputs) readers_[input].push_back(i);
    }
  }

  void run() {
    for (Node& node : graph_.nodes) {
      if (schemas_.of(node).has_real_weights()) absorb(node);
    }
    for (Node& node : graph_.nodes) {
      if (is_affine(node) && !is_behind_sole_affine(node)) absorb(node);
    }
    std::erase_if(graph_.nodes, [&](const Node& node) { return absorbed_.contains(node.name); });
  }

 private:
  bool is_affine(const Node& node) const { return schemas_.of(node).role == Role::scaling; }

  /// The Affine that is the only reader of `name`; nullptr otherwise.
  const Node* next_affine(const std::string& name) const {
    const auto readers = readers_.find(name);
    if (readers == readers_.end() || readers->second.size() != 1) return nullptr;
    const Node& reader = graph_.nodes[readers->second[0]];
    return is_affine(reader) ? &reader : nullptr;
  }

  /// Such a node is joined from the first of its run.
  bool is_behind_sole_affine(const Node& node) const {
    const Node* before = graph_.find(node.inputs.at(0));
    return before != nullptr && is_affine(*before) && next_affine(before->name) != nullptr;
  }

  void absorb(Node& node) {
    if (absorbed_.contains(node.name)) return;
    const Node* next = next_affine(node.name);
    if (next == nullptr) return;
    std::string last = next->name;
    Affine total = Affine::of(*next);
    absorbed_.insert(last);
    while ((next = next_affine(last)) != nullptr) {
      total = joined(total, Affine::of(*next));
      last = next->name;
      absorbed_.insert(last);
    }
    if (is_affine(node)) {
      store(node, joined(Affine::of(node), total));
    } else {
      fold_into(node, total);
    }
    for (const std::size_t reader : readers_[last]) {
      auto& inputs = graph_.nodes[reader].inputs;
      std::replace(inputs.begin(), inputs.end(), last, node.name);
    }
  }

  static void store(Node& node, const Affine& affine) {
    const auto tensor = [](const std::vector<double>& values) {
      return Tensor{{static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()}};
    };
    node.tensors["scale"] = tensor(affine.scale);
    node.tensors["shift"] = tensor(affine.shift);
  }

  Graph& graph_;
  const SchemaSet& schemas_;
  std::map<std::string, std::vector<std::size_t>> readers_;
  std::set<std::string> absorbed_;
};

}  // namespace

void fold_affine(Graph& graph, const SchemaSet& schemas) {
  fold_sign_scales(graph, schemas);
  AffineFolder(graph, schemas).run();
}

}  // namespace rheobase

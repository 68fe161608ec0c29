#include "converters/onnx/import/cancel_sums.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <optional>
#include <vector>

#include "converters/onnx/import/evaluation_order.h"

namespace rheobase::onnx_import {
namespace {

struct Term {
  std::string value;
  bool is_negative = false;
};

/// How often each value is added and subtracted, in the order in which they were met.
class Sum {
 public:
  void add(const Term& term) {
    for (auto& [value, counts] : terms_) {
      if (value != term.value) continue;
      ++(term.is_negative ? counts.second : counts.first);
      return;
    }
    terms_.push_back({term.value, {term.is_negative ? 0 : 1, term.is_negative ? 1 : 0}});
  }

  /// What stays, when something cancels and that is one or two values; a value that is added comes first.
  std::optional<std::vector<Term>> remainder() const {
    bool cancels = false;
    std::vector<Term> left, negative;
    for (const auto& [value, counts] : terms_) {
      const auto& [added, subtracted] = counts;
      cancels |= added > 0 && subtracted > 0;
      for (int i = subtracted; i < added; ++i) left.push_back({value, false});
      for (int i = added; i < subtracted; ++i) negative.push_back({value, true});
    }
    if (!cancels || left.empty() || left.size() + negative.size() > 2) return std::nullopt;
    left.insert(left.end(), negative.begin(), negative.end());
    return left;
  }

 private:
  std::vector<std::pair<std::string, std::pair<int, int>>> terms_;
};

class SumCanceller {
 public:
  explicit SumCanceller(::onnx::GraphProto& graph) : graph_(graph) {}

  /// Of nodes in evaluation order: producers are known, and rewritten, before their readers. Of a value that
  /// is produced twice, a fault, the first counts, so that there are no cycles.
  void visit(int index) {
    ::onnx::NodeProto& node = *graph_.mutable_node(index);
    if (is_sum(node)) simplify(node);
    for (const std::string& output : node.output()) producers_.emplace(output, &node);
  }

 private:
  static bool is_standard(const ::onnx::NodeProto& node) {
    return node.domain().empty() || node.domain() == "ai.onnx";
  }
  static bool is_unary(const ::onnx::NodeProto& node, const char* op) {
    return is_standard(node) && node.op_type() == op && node.input_size() == 1;
  }
  static bool is_sum(const ::onnx::NodeProto& node) {
    return is_standard(node) && (node.op_type() == "Add" || node.op_type() == "Sub") &&
           node.input_size() == 2 && node.output_size() == 1;
  }

  const ::onnx::NodeProto* producer(const std::string& value) const {
    const auto found = producers_.find(value);
    return found == producers_.end() ? nullptr : found->second;
  }

  std::string behind_identities(std::string value) const {
    for (const auto* node = producer(value); node != nullptr && is_unary(*node, "Identity");
         node = producer(value)) {
      value = node->input(0);
    }
    return value;
  }

  /// Sums are opened to `depth` levels; what lies deeper is a term of its own.
  void collect(const ::onnx::NodeProto& sum, bool is_negative, int depth, Sum& terms) const {
    const bool subtracts = sum.op_type() == "Sub";
    add_term({sum.input(0), is_negative}, depth, terms);
    add_term({sum.input(1), is_negative != subtracts}, depth, terms);
  }

  void add_term(Term term, int depth, Sum& terms) const {
    term.value = behind_identities(term.value);
    const auto* node = producer(term.value);
    if (depth > 0 && node != nullptr && is_sum(*node))
      return collect(*node, term.is_negative, depth - 1, terms);
    if (depth > 0 && node != nullptr && is_unary(*node, "Neg"))
      return add_term({node->input(0), !term.is_negative}, depth - 1, terms);
    terms.add(term);
  }

  void simplify(::onnx::NodeProto& node) const {
    constexpr int deepest = 3;  // 16 terms; estimators need two levels
    for (int depth = 1; depth <= deepest; ++depth) {
      Sum terms;
      collect(node, false, depth, terms);
      if (const auto left = terms.remainder()) return rewrite(node, *left);
    }
  }

  static void rewrite(::onnx::NodeProto& node, const std::vector<Term>& left) {
    node.clear_attribute();
    node.clear_input();
    for (const Term& term : left) node.add_input(term.value);
    node.set_op_type(left.size() == 1 ? "Identity" : left[1].is_negative ? "Sub" : "Add");
  }

  ::onnx::GraphProto& graph_;
  std::map<std::string, const ::onnx::NodeProto*> producers_;
};

}  // namespace

void cancel_sums(::onnx::GraphProto& graph, const std::string& output) {
  SumCanceller canceller(graph);
  for (const int index : evaluation_order(graph, output).nodes) canceller.visit(index);
}

}  // namespace rheobase::onnx_import

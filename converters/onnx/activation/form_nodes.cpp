#include "converters/onnx/activation/form_nodes.h"

#include <algorithm>

#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"

namespace rheobase::onnx_import {
namespace {

Tensor per_channel(const Reals& values, const std::string& what) {
  const bool uniform = std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; });
  const Reals kept = uniform ? Reals{values[0]} : values;
  return {{static_cast<std::int64_t>(kept.size())}, to_floats(kept, what)};
}

Node affine(const char* name, const Reals& scale, const Reals& shift) {
  Node node{name, "Affine", {""}, {}, {}};
  node.tensors["scale"] = per_channel(scale, "the scale");
  node.tensors["shift"] = per_channel(shift, "the shift");
  return node;
}

/// Sign of +-1 -> the two values.
Node affine_behind_sign(const TwoValues& values) {
  const std::size_t channels = std::max(values.below.size(), values.above.size());
  Reals scale(channels), shift(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double below = values.below[values.below.size() == 1 ? 0 : c];
    const double above = values.above[values.above.size() == 1 ? 0 : c];
    scale[c] = (above - below) / 2;
    shift[c] = (above + below) / 2;
  }
  return affine("/values", scale, shift);
}

struct NodesOf {
  std::vector<Node> operator()(const AffineForm& form) const { return {affine("", form.scale, form.shift)}; }
  std::vector<Node> operator()(const ReluForm& form) const {
    return {ReluParameters{static_cast<float>(form.max)}.node("", "")};
  }
  std::vector<Node> operator()(const QcfsForm& form) const {
    return {QcfsParameters{per_channel(form.lambda, "lambda"), form.levels}.node("", "")};
  }
  std::vector<Node> operator()(const ShiftedForm& form) const {
    std::vector<Node> nodes;
    if (!form.before.is_identity()) nodes.push_back(affine("/before", form.before.scale, form.before.shift));
    for (Node& node : std::visit(*this, form.activation)) nodes.push_back(std::move(node));
    if (!form.behind.is_identity()) nodes.push_back(affine("/behind", form.behind.scale, form.behind.shift));
    return nodes;
  }
  std::vector<Node> operator()(const SignForm& form) const {
    std::vector<Node> nodes;
    if (form.has_affine_before()) nodes.push_back(affine("/threshold", form.scale, form.shift));
    nodes.push_back(sign_node("", ""));
    if (form.has_affine_behind()) nodes.push_back(affine_behind_sign(form.values));
    return nodes;
  }
};

}  // namespace

std::vector<Node> nodes_of(const Form& form) { return std::visit(NodesOf{}, form); }

}  // namespace rheobase::onnx_import

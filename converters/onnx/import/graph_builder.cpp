#include "converters/onnx/import/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "converters/onnx/activation/form_nodes.h"
#include "converters/onnx/proto/tensor_proto.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"

namespace rheobase::onnx_import {
namespace {

/// Letters, digits and `_.-/` stay; other characters become `_`.
std::string sanitised(const std::string& label) {
  std::string name = label.empty() ? "node" : label;
  for (char& c : name) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-' || c == '/';
    if (!keep) c = '_';
  }
  return name;
}

/// N x C x L of a node of height 1.
Shape without_height(Shape dims) {
  dims.erase(dims.begin() + 2);
  return dims;
}

Shape with_batch(std::int64_t batch, const Shape& shape) {
  Shape dims{batch};
  dims.insert(dims.end(), shape.begin(), shape.end());
  return dims;
}

}  // namespace

std::vector<Integers> Activation::node_axes() const {
  auto axes = axes_of(layout, dims);
  if (axes) return *std::move(axes);
  throw NodeFault(
      fmt::format("takes {} of a {}, which splits an axis", to_string(dims), to_string(node_shape)));
}

std::optional<std::size_t> Activation::channel_axis() const {
  const auto axes = axes_of(layout, dims);
  if (!axes) return std::nullopt;
  // All factors of a flattened image are its features; those of an image begin with its channels.
  Integers channels{0};
  if (node_shape.size() == 1) channels = layout.axes;
  for (std::size_t i = 0; i < axes->size(); ++i) {
    if ((*axes)[i] == channels || (node_shape.size() == 1 && dims[i + 1] == node_shape[0])) return i + 1;
  }
  return std::nullopt;
}

Reals Activation::in_channel_order(const Reals& values) const {
  return node_shape.size() == 1 ? in_node_order(layout, values) : values;
}

GraphBuilder::GraphBuilder(std::string folder, std::map<std::string, int> uses)
    : folder_(std::move(folder)), uses_(std::move(uses)) {
  add_structural_schemas(schemas_);
  schemas_.add(qcfs_schema());
  schemas_.add(relu_schema());
  schemas_.add(sign_schema());
}

std::string GraphBuilder::reserve_name(const std::string& label) {
  const std::string wanted = sanitised(label);
  std::string name = wanted;
  while (names_.contains(name)) name = fmt::format("{}_{}", wanted, ++names_[wanted]);
  names_[name] = 1;
  return name;
}

void GraphBuilder::add_input(const std::string& name, const Shape& dims, InputForm form) {
  const bool is_channels_last = form == InputForm::channels_last;
  batch_ = dims.at(0);
  Shape sample(dims.begin() + 1, dims.end());
  if (is_channels_last) std::rotate(sample.begin(), sample.end() - 1, sample.end());
  if (sample.size() == 2) sample.insert(sample.begin() + (form == InputForm::gray ? 0 : 1), 1);
  Node node{"", "Input", {}, {}, {}};
  node.attributes["shape"] = sample;
  Activation input = emit(name, std::move(node));
  input.dims = dims;
  if (is_channels_last) {
    input.layout.axes = {1, 2, 0};
    if (sample[0] > 1)
      add_note(name, fmt::format("the file takes channels last, {}; the samples of the imported network are "
                                 "C x H x W, {}",
                                 to_string(dims), to_string(sample)));
  }
  define(name, input);
}

void GraphBuilder::add_output(const std::string& name, const std::string& value) {
  Activation result = settled(value);
  // N x K x 1 x 1, a network that ends in a global pool, is a vector of K logits.
  if (std::all_of(result.dims.begin() + std::min<std::ptrdiff_t>(2, std::ssize(result.dims)),
                  result.dims.end(), [](std::int64_t extent) { return extent == 1; })) {
    result.dims.resize(2, 1);
    define(value, result);
  }
  graph_.nodes.push_back({name, "Output", {plain_vector(value).node}, {}, {}});
}

const Value* GraphBuilder::find(const std::string& value) const {
  const auto found = values_.find(value);
  return found == values_.end() ? nullptr : &found->second;
}

ConstantPtr GraphBuilder::constant(const std::string& value) {
  constexpr std::int64_t worth_keeping = 1 << 12;
  const Value* found = find(value);
  if (found == nullptr) throw NodeFault(fmt::format("nothing produces the value '{}'", value));
  if (const auto* known = std::get_if<ConstantPtr>(found)) return *known;
  const auto* stored = std::get_if<const ::onnx::TensorProto*>(found);
  if (stored == nullptr)
    throw NodeFault(fmt::format("'{}' must be a constant, it depends on the input", value));
  try {
    auto decoded = std::make_shared<const Constant>(read_tensor(**stored, folder_));
    if (decoded->size() <= worth_keeping) define(value, decoded);
    return decoded;
  } catch (const NodeFault& fault) {
    throw NodeFault(fmt::format("tensor '{}': {}", value, fault.what()));
  }
}

const Activation& GraphBuilder::activation(const std::string& value) const {
  const Value* found = find(value);
  if (found == nullptr) throw NodeFault(fmt::format("nothing produces the value '{}'", value));
  const auto* activation = std::get_if<Activation>(found);
  if (activation == nullptr)
    throw NodeFault(fmt::format("'{}' must depend on the input, it is a constant", value));
  return *activation;
}

Activation GraphBuilder::emit_forms(Activation activation) {
  const Chain chain = std::exchange(activation.chain, {});
  for (const NamedForm& form : recognise(chain)) {
    for (Node& node : nodes_of(form.form)) {
      node.inputs = {activation.node};
      const std::string label = form.label + node.name;
      const bool is_zero_at_zero = node.op == "Sign" && std::get<SignForm>(form.form).values.at_zero;
      activation.node = emit(label, std::move(node)).node;
      if (is_zero_at_zero) signs_.push_back(activation.node);
    }
  }
  return activation;
}

Activation GraphBuilder::settled(const std::string& value) {
  Activation result = activation(value);
  if (result.chain.empty()) return result;
  try {
    result = emit_forms(result);
  } catch (const NodeFault& fault) {
    // Goes on as if the steps were not there, so that faults further on are found too.
    add_fault(result.chain.back().label, fault.what());
    result.chain.clear();
  }
  define(value, result);
  return result;
}

Activation GraphBuilder::image(const std::string& value) {
  Activation result = settled(value);
  if (result.node_shape.size() == 3 && result.layout.is_plain()) {
    const Shape dims = with_batch(batch_, result.node_shape);
    if (result.dims == dims || (dims[2] == 1 && result.dims == without_height(dims))) return result;
  }
  const char* order = result.layout.is_plain() ? "" : " in another order, channels last for instance";
  throw NodeFault(
      fmt::format("takes N x C x H x W or N x C x L, '{}' is {}{}", value, to_string(result.dims), order));
}

Activation GraphBuilder::vector(const std::string& value) {
  Activation result = settled(value);
  if (result.dims.size() != 2) {
    throw NodeFault(fmt::format("takes N x K, '{}' is {}", value, to_string(result.dims)));
  }
  if (result.node_shape.size() != 1) {
    if (!flattened_.contains(result.node)) {
      const std::string label = result.view.empty() ? result.node + "/flatten" : result.view;
      flattened_[result.node] = emit(label, {"", "Flatten", {result.node}, {}, {}}).node;
    }
    result = {flattened_[result.node], {result.dims[1]}, result.dims, {}, {}, result.layout};
  }
  if (result.layout.is_plain()) result.layout = Layout::of(result.node_shape);
  return result;
}

Activation GraphBuilder::plain_vector(const std::string& value) {
  Activation result = vector(value);
  if (result.layout.is_plain()) return result;
  throw NodeFault(
      fmt::format("takes '{}' in an order that is not the one of channels first, and only Gemm, MatMul and "
                  "elementwise ops can be turned; export the model with channels first",
                  value));
}

Activation GraphBuilder::sample(const std::string& value) {
  return activation(value).dims.size() == 2 ? vector(value) : settled(value);
}

Activation GraphBuilder::chain_start(const std::string& value) {
  constexpr std::size_t longest_chain = 32;
  const Activation& start = activation(value);
  const auto uses = uses_.find(value);
  const bool shared = uses != uses_.end() && uses->second > 1;
  if (start.chain.size() >= longest_chain) return settled(value);
  if (!shared || start.chain.empty()) return start;
  try {
    if (recognise(start.chain).size() == 1) return settled(value);
  } catch (const NodeFault&) {
    return start;  // half of an activation: each reader takes it further on its own
  }
  return start;
}

Activation GraphBuilder::emit(const std::string& label, Node node) {
  std::vector<Shape> inputs;
  for (const std::string& input : node.inputs) inputs.push_back(node_shapes_.at(input));
  node.name = label;
  Faults faults;
  const auto shape = schemas_.find(node.op)->infer(node, inputs, faults);
  if (!shape) throw NodeFault(faults.empty() ? "is unsound" : faults.front().what);
  node.name = reserve_name(label);
  Activation result{node.name, *shape, with_batch(batch_, *shape), {}, {}, Layout::of(*shape)};
  node_shapes_.emplace(node.name, *shape);
  graph_.nodes.push_back(std::move(node));
  return result;
}

bool GraphBuilder::is_never_negative(const Activation& activation) const {
  if (!activation.chain.empty()) return least_value(activation.chain) >= 0;
  constexpr std::size_t farthest = 64;
  std::set<std::string> seen;
  std::vector<std::string> open{activation.node};
  while (!open.empty()) {
    if (seen.size() == farthest) return false;
    const Node* node = graph_.find(open.back());
    open.pop_back();
    if (!seen.insert(node->name).second) continue;
    const OpSchema& schema = schemas_.of(*node);
    if (node->op == "ReLU" || node->op == "QCFS" || schema.role == Role::input) continue;
    if (!schema.carries() && schema.role != Role::join) return false;
    open.insert(open.end(), node->inputs.begin(), node->inputs.end());
  }
  return true;
}

void GraphBuilder::add_note_once(const std::string& where, const std::string& what) {
  const auto is_same = [&](const Fault& note) { return note.what == what; };
  if (std::none_of(notes_.begin(), notes_.end(), is_same)) add_note(where, what);
}

Graph GraphBuilder::take_graph() {
  std::map<std::string, const Node*> by_name;
  for (const Node& node : graph_.nodes) by_name[node.name] = &node;
  std::set<std::string> used;
  std::vector<std::string> open;
  for (const Node& node : graph_.nodes) {
    if (schemas_.of(node).role == Role::readout) open.push_back(node.name);
  }
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (!used.insert(name).second) continue;
    const auto& inputs = by_name.at(name)->inputs;
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  Graph result;
  for (Node& node : graph_.nodes) {
    if (used.contains(node.name)) result.nodes.push_back(std::move(node));
  }
  return result;
}

}  // namespace rheobase::onnx_import

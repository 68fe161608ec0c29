// Everything of NIR that is no neuron.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "converters/nir/import/node_import.h"

namespace rheobase::nir {
namespace {

using Integers = std::vector<std::int64_t>;

std::int64_t whole(const std::string& parameter, double value) {
  constexpr double most = 1 << 30;
  if (value == std::floor(value) && std::abs(value) <= most) return static_cast<std::int64_t>(value);
  throw NodeFault(fmt::format("has {} = {}, expected a whole number", parameter, value));
}

// `count` numbers, or one for all of them.
Integers integers_of(const NirNode& node, const std::string& parameter, std::size_t count) {
  Integers result;
  for (const double value : numbers_of(node, parameter)) result.push_back(whole(parameter, value));
  if (result.size() == 1) result.resize(count, result[0]);
  if (result.size() == count) return result;
  throw NodeFault(fmt::format("has {} numbers in {}, expected 1 or {}", result.size(), parameter, count));
}

Shape shape_of(const NirNode& node) {
  Shape shape;
  for (const double value : numbers_of(node, "shape")) shape.push_back(whole("shape", value));
  if (shape.size() == 2) shape.insert(shape.begin() + 1, 1);  // C x L is an image of height 1
  return shape;
}

Tensor weights(const NirNode& node, const std::string& parameter, Shape shape) {
  const std::vector<double> values = numbers_of(node, parameter);
  Tensor result = tensor_of(values);
  if (element_count(shape) != static_cast<std::int64_t>(values.size()))
    throw NodeFault(
        fmt::format("has {} values in {}, expected {}", values.size(), parameter, to_string(shape)));
  result.shape = std::move(shape);
  return result;
}

struct Context {
  const NirNode& node;
  const std::string& input;
  const Dialect& dialect;
  GraphMaker& maker;
  Notes& notes;
};

std::string import_linear(const Context& c) {
  const Value* weight = c.node.find("weight");
  if (weight == nullptr || weight->shape.size() != 2) throw NodeFault("has no weight of rank 2, out x in");
  Node linear{"", "Linear", {c.input}, {}, {}};
  linear.tensors["weight"] = weights(c.node, "weight", weight->shape);
  if (c.node.type == "Affine") linear.tensors["bias"] = weights(c.node, "bias", {weight->shape[0]});
  if (c.maker.shape(c.input).size() != 1)
    throw NodeFault(fmt::format("reads {}, and only vectors can be multiplied: put a Flatten before it",
                                to_string(c.maker.shape(c.input))));
  return c.maker.emit(c.node.name, std::move(linear));
}

std::string import_scale(const Context& c) {
  Node affine{"", "Affine", {c.input}, {}, {}};
  affine.tensors["scale"] = tensor_of(per_channel(c.node, "scale", c.maker.shape(c.input)));
  affine.tensors["shift"] = scalar_tensor(0.0F);
  return c.maker.emit(c.node.name, std::move(affine));
}

// Zero padding {top, left, bottom, right}; `same`, for odd spans and stride 1, keeps the extents.
Integers padding_of(const NirNode& node, std::size_t axes, const Shape& weight, const Integers& stride,
                    const Integers& dilation) {
  const Value* padding = node.find("padding");
  Integers before(2, 0), after(2, 0);
  const std::size_t first = 2 - axes;
  if (padding != nullptr && padding->is_text()) {
    const auto& words = std::get<std::vector<std::string>>(padding->values);
    const std::string word = words.size() == 1 ? words[0] : "";
    if (word != "same" && word != "valid")
      throw NodeFault(fmt::format("has padding '{}', expected numbers, same or valid", word));
    for (std::size_t axis = first; word == "same" && axis < 2; ++axis) {
      if (stride[axis] != 1) throw NodeFault("has padding 'same' and a stride, give numbers");
      const std::int64_t span = dilation[axis] * (weight[axis + 2] - 1);
      before[axis] = span / 2;
      after[axis] = span - before[axis];
    }
  } else {
    const Integers both = integers_of(node, "padding", axes);
    for (std::size_t axis = first; axis < 2; ++axis) before[axis] = after[axis] = both[axis - first];
  }
  return {before[0], before[1], after[0], after[1]};
}

Integers per_axis(const NirNode& node, const std::string& parameter, std::size_t axes) {
  Integers values = integers_of(node, parameter, axes);
  if (axes == 1) values.insert(values.begin(), 1);
  return values;
}

std::string import_conv(const Context& c) {
  const std::size_t axes = c.node.type == "Conv1d" ? 1 : 2;
  const Value* weight = c.node.find("weight");
  if (weight == nullptr || weight->shape.size() != axes + 2)
    throw NodeFault(fmt::format("has no weight of rank {}", axes + 2));
  Shape shape = weight->shape;
  if (axes == 1) shape.insert(shape.begin() + 2, 1);
  Node conv{"", "Conv2d", {c.input}, {}, {}};
  const Integers stride = per_axis(c.node, "stride", axes), dilation = per_axis(c.node, "dilation", axes);
  conv.attributes["padding"] = padding_of(c.node, axes, shape, stride, dilation);
  conv.attributes["stride"] = stride;
  conv.attributes["dilation"] = dilation;
  conv.attributes["groups"] = integers_of(c.node, "groups", 1)[0];
  conv.tensors["weight"] = weights(c.node, "weight", shape);
  if (c.node.find("bias") != nullptr) conv.tensors["bias"] = weights(c.node, "bias", {shape[0]});
  return c.maker.emit(c.node.name, std::move(conv));
}

// A sum is the average times the window's size: for a power of two, with the same rounding.
std::string import_pool(const Context& c) {
  const Integers kernel = integers_of(c.node, "kernel_size", 2), padding = integers_of(c.node, "padding", 2);
  Node pool{"", "AvgPool2d", {c.input}, {}, {}};
  pool.attributes["kernel"] = kernel;
  pool.attributes["stride"] = integers_of(c.node, "stride", 2);
  pool.attributes["padding"] = Integers{padding[0], padding[1], padding[0], padding[1]};
  pool.attributes["count_include_pad"] = std::int64_t{1};
  std::string average = c.maker.emit(c.node.name, std::move(pool));
  if (c.node.type == "AvgPool2d") return average;
  const std::int64_t area = kernel[0] * kernel[1];
  if ((area & (area - 1)) != 0)
    c.notes.push_back({c.node.name, fmt::format("sums windows of {}, as their average times {}, which rounds "
                                                "otherwise in the last bit",
                                                area, area)});
  Node sum{"", "Affine", {average}, {}, {}};
  sum.tensors = {{"scale", scalar_tensor(static_cast<float>(area))}, {"shift", scalar_tensor(0.0F)}};
  return c.maker.emit(c.node.name + "/sum", std::move(sum));
}

std::string import_flatten(const Context& c) {
  const auto rank = static_cast<std::int64_t>(c.maker.shape(c.input).size());
  const std::int64_t first = integers_of(c.node, "start_dim", 1)[0];
  const std::int64_t last = integers_of(c.node, "end_dim", 1)[0];
  if (rank == 1) return c.input;
  const bool to_end = last == -1 || last == rank - 1;
  if (!to_end || (first != 0 && first != 1))
    throw NodeFault(fmt::format("flattens axes {} to {}, and only all of them can be", first, last));
  if (first == 1)
    c.notes.push_back(
        {c.node.name, "begins at axis 1, which is taken to count a batch: all axes are flattened"});
  return c.maker.emit(c.node.name, {"", "Flatten", {c.input}, {}, {}});
}

// Nothing, or a step of the spikes of a neuron.
std::string import_delay(const Context& c) {
  bool none = true, step = true;
  for (const double delay : numbers_of(c.node, "delay")) {
    none = none && delay == 0;
    step = step && is_one(delay / c.dialect.dt);
    if (delay == 0 || is_one(delay / c.dialect.dt)) continue;
    throw NodeFault(
        fmt::format("delays by {}, and only 0 and a step, {}, can be imported", delay, c.dialect.dt));
  }
  if (none) return c.input;
  if (!step) throw NodeFault("delays some of its inputs and others not, which cannot be imported");
  if (!c.maker.spikes(c.input))
    throw NodeFault("delays by a step what no neuron right before it emits: only spikes can be delayed");
  return c.maker.emit(c.node.name, {"", delay_op, {c.input}, {{"shape", c.maker.shape(c.input)}}, {}});
}

std::string import_output(const Context& c) {
  const Shape& shape = c.maker.shape(c.input);
  std::string from = c.input;
  if (shape.size() != 1) from = c.maker.emit(c.node.name + "/flatten", {"", "Flatten", {from}, {}, {}});
  return c.maker.emit(c.node.name, {"", "Output", {from}, {}, {}});
}

std::string import_input(const Context& c) {
  Node input{"", "Input", {}, {}, {}};
  input.attributes["shape"] = shape_of(c.node);
  return c.maker.emit(c.node.name, std::move(input));
}

std::string pass(const Context& c) { return c.input; }

using Handler = std::string (*)(const Context&);

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table{
      {"Input", import_input},     {"Output", import_output},  {"Affine", import_linear},
      {"Linear", import_linear},   {"Scale", import_scale},    {"Conv1d", import_conv},
      {"Conv2d", import_conv},     {"SumPool2d", import_pool}, {"AvgPool2d", import_pool},
      {"Flatten", import_flatten}, {"Delay", import_delay},    {"through", pass}};
  return table;
}

}  // namespace

std::string import_node(const NirNode& node, const std::string& input, const Dialect& dialect,
                        GraphMaker& maker, Notes& notes) {
  if (is_neuron(node.type)) return import_neuron(node, input, dialect, maker);
  const auto found = handlers().find(node.type);
  if (found != handlers().end()) return found->second({node, input, dialect, maker, notes});
  throw NodeFault(
      fmt::format("is of type {}, which cannot be imported; what can: AvgPool2d Affine Conv1d Conv2d "
                  "CubaLI CubaLIF Delay Flatten I IF LI LIF Linear Scale SumPool2d Threshold",
                  node.type));
}

}  // namespace rheobase::nir

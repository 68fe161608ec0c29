// Everything of ours that is no neuron, in NIR's terms.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "converters/nir/export/encode_ops.h"
#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::nir {
namespace {

using Integers = std::vector<std::int64_t>;

Value weights(const EncodeCall& call, const char* name) {
  const Tensor& tensor = call.node.tensors.at(name);
  return {tensor.shape, numbers_of(tensor)};
}

// {h, w}. NIR pads by one number an axis, before and after.
Integers both_sides(const EncodeCall& call, const Window& window) {
  const auto& pad = window.padding;
  if (pad[0] == pad[2] && pad[1] == pad[3]) return {pad[0], pad[1]};
  throw InputError(
      "", call.node.name,
      fmt::format("pads by {} (top, left, bottom, right), and NIR pads alike on both sides of an axis: "
                  "train it so",
                  fmt::join(pad, ",")));
}

Value pair(const std::array<std::int64_t, 2>& values) { return integers({values[0], values[1]}); }

NirNode encode_input(const EncodeCall& call) {
  return {"", "Input", {{"shape", integers(call.shape())}}, {}};
}

NirNode encode_output(const EncodeCall& call) {
  return {"", "Output", {{"shape", integers(call.shape())}}, {}};
}

NirNode encode_linear(const EncodeCall& call) {
  NirNode node{"", "Linear", {{"weight", weights(call, "weight")}}, {}};
  if (call.node.tensor("bias") == nullptr) return node;
  node.type = "Affine";
  node.parameters["bias"] = weights(call, "bias");
  return node;
}

NirNode encode_conv(const EncodeCall& call) {
  const Conv2dAttributes conv = conv2d_attributes(call.node);
  const Shape& in = call.input_shape();
  NirNode node{"", "Conv2d", {}, {}};
  node.parameters["input_shape"] = integers({in[1], in[2]});
  node.parameters["weight"] = weights(call, "weight");
  node.parameters["stride"] = pair(conv.window.stride);
  node.parameters["padding"] = integers(both_sides(call, conv.window));
  node.parameters["dilation"] = pair(conv.window.dilation);
  node.parameters["groups"] = integer(conv.groups);
  node.parameters["bias"] = call.node.tensor("bias") != nullptr
                                ? weights(call, "bias")
                                : everywhere(call.node.name, {call.shape()[0]}, {0.0});
  return node;
}

NirNode pool_node(const EncodeCall& call, const char* type) {
  const Pool2dAttributes pool = pool2d_attributes(call.node);
  const Integers padding = both_sides(call, pool.window);
  if (!pool.count_include_pad && padding != Integers{0, 0})
    throw InputError("", call.node.name,
                     "averages over what its padding leaves (count_include_pad 0), and NIR's averages count "
                     "padding: train it so");
  Window without = pool.window;
  without.ceil_mode = false;
  for (int axis = 0; axis < 2; ++axis) {
    if (without.output_extent(axis, call.input_shape().at(axis + 1)) != call.shape().at(axis + 1))
      throw InputError("", call.node.name,
                       "has windows that end beyond the image (ceil_mode), and NIR's do not: train it so");
  }
  return {"",
          type,
          {{"kernel_size", pair(pool.window.kernel)},
           {"stride", pair(pool.window.stride)},
           {"padding", integers(padding)}},
          {}};
}

NirNode encode_avg_pool(const EncodeCall& call) { return pool_node(call, "AvgPool2d"); }

NirNode encode_affine(const EncodeCall& call) {
  const std::vector<double> shift = numbers_of(call.node.tensors.at("shift"));
  if (std::any_of(shift.begin(), shift.end(), [](double value) { return value != 0; }))
    throw InputError("", call.node.name,
                     "adds a shift, and NIR's Scale only scales: convert the source network with its Affine "
                     "behind a layer, which folds it");
  return scale_node("", call.shape(), numbers_of(call.node.tensors.at("scale")));
}

// Dimensions count without a batch.
NirNode encode_flatten(const EncodeCall& call) {
  return {"",
          "Flatten",
          {{"start_dim", integer(0)}, {"end_dim", integer(-1)}, {"input_type", integers(call.input_shape())}},
          {}};
}

// Where edges meet that another sum reads: a Scale by 1.
NirNode encode_add(const EncodeCall& call) { return scale_node("", call.shape(), {1.0}); }

// Where no cycle says that spikes come a step later.
NirNode encode_delay(const EncodeCall& call) {
  return {"", "Delay", {{"delay", everywhere(call.node.name, call.shape(), {call.dt})}}, {}};
}

constexpr std::array<std::pair<const char*, Encode>, 14> encodes{{
    {"Add", encode_add},
    {"Affine", encode_affine},
    {"AvgPool2d", encode_avg_pool},
    {"BurstLIF", encode_burst_lif},
    {"Conv2d", encode_conv},
    {delay_op, encode_delay},
    {"Flatten", encode_flatten},
    {"GeneralLIF", encode_general_lif},
    {"IF", encode_if},
    {"Input", encode_input},
    {"LI", encode_li},
    {"LIF", encode_lif},
    {"Linear", encode_linear},
    {"Output", encode_output},
}};

}  // namespace

std::vector<double> numbers_of(const Tensor& tensor) {
  std::vector<double> values;
  values.reserve(tensor.size());
  tensor.for_each([&](double value) { values.push_back(value); });
  return values;
}

Value integers(const Integers& values) { return {{std::ssize(values)}, values}; }
Value integer(std::int64_t value) { return {{}, Integers{value}}; }

Value everywhere(const std::string& node, const Shape& shape, const std::vector<double>& values) {
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(element_count(shape)));
  const std::int64_t channels = shape.at(0), pixels = element_count(shape) / channels;
  for (std::int64_t c = 0; c < channels; ++c) {
    const double value = static_cast<float>(values[values.size() == 1 ? 0 : static_cast<std::size_t>(c)]);
    if (!std::isfinite(value))
      throw InputError("", node, "has a number that float32 does not hold in this unit of time: give --dt");
    all.insert(all.end(), static_cast<std::size_t>(pixels), value);
  }
  return {shape, std::move(all)};
}

NirNode scale_node(const std::string& name, const Shape& shape, const std::vector<double>& values) {
  return {name, "Scale", {{"scale", everywhere(name, shape, values)}}, {}};
}

NirNode sum_pool_node(const EncodeCall& pool) { return pool_node(pool, "SumPool2d"); }

Encode find_encode(const std::string& op) {
  for (const auto& [name, function] : encodes) {
    if (op == name) return function;
  }
  return nullptr;
}

std::vector<std::string> encoded_ops() {
  std::vector<std::string> names;
  names.reserve(encodes.size());
  for (const auto& entry : encodes) names.emplace_back(entry.first);
  return names;
}

}  // namespace rheobase::nir

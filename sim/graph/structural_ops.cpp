#include "sim/graph/structural_ops.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/graph/op_schema.h"

namespace rheobase {
namespace {

using Ints = std::vector<std::int64_t>;
using Inputs = std::span<const Shape>;

template <std::size_t N>
std::array<std::int64_t, N> to_array(const Ints& values) {
  std::array<std::int64_t, N> result{};
  if (values.size() != N) throw InternalError("attribute has the wrong length");
  std::copy(values.begin(), values.end(), result.begin());
  return result;
}

Window window_of(const Node& node, std::array<std::int64_t, 2> kernel) {
  Window window;
  window.kernel = kernel;
  window.stride = to_array<2>(node.integers("stride", {1, 1}));
  window.dilation = to_array<2>(node.integers("dilation", {1, 1}));
  window.padding = to_array<4>(node.integers("padding", {0, 0, 0, 0}));
  window.ceil_mode = node.integer("ceil_mode", 0) != 0;
  return window;
}

bool expect_list(const Node& node, const char* key, std::size_t length, std::int64_t minimum,
                 Faults& faults) {
  if (!node.attributes.contains(key)) return true;
  const Ints values = node.integers(key, {});
  const bool sound =
      values.size() == length && std::all_of(values.begin(), values.end(), [&](std::int64_t v) {
        return v >= minimum && v <= (std::int64_t{1} << 30);
      });
  if (!sound) {
    faults.push_back({node.name, fmt::format("attribute '{}' is ({}), expected {} numbers, each at least {}",
                                             key, fmt::join(values, ","), length, minimum)});
  }
  return sound;
}

bool expect_rank(const Node& node, Inputs inputs, std::size_t rank, Faults& faults) {
  for (const Shape& shape : inputs) {
    if (shape.size() == rank) continue;
    faults.push_back(
        {node.name, fmt::format("{} takes inputs of rank {}, got {}", node.op, rank, to_string(shape))});
    return false;
  }
  return true;
}

bool sound_window(const Node& node, Faults& faults) {
  bool sound = true;
  for (const char* key : {"kernel", "stride", "dilation"}) sound &= expect_list(node, key, 2, 1, faults);
  return expect_list(node, "padding", 4, 0, faults) && sound;
}

std::optional<Shape> window_output(const Node& node, const Window& window, std::int64_t channels,
                                   const Shape& input, Faults& faults) {
  const Shape output{channels, window.output_extent(0, input[1]), window.output_extent(1, input[2])};
  if (output[1] >= 1 && output[2] >= 1) return output;
  faults.push_back({node.name, fmt::format("no {}x{} window fits the input {}", window.kernel[0],
                                           window.kernel[1], to_string(input))});
  return std::nullopt;
}

std::optional<Shape> infer_input(const Node& node, Inputs, Faults& faults) {
  const Shape shape = node.integers("shape", {});
  const bool sound = (shape.size() == 1 || shape.size() == 3) &&
                     std::all_of(shape.begin(), shape.end(), [](std::int64_t e) { return e >= 1; });
  if (!sound) {
    faults.push_back({node.name, fmt::format("input shape {} is neither N nor CxHxW", to_string(shape))});
    return std::nullopt;
  }
  const bool mean = expect_per_channel(node, "mean", shape[0], faults);
  if (!expect_per_channel(node, "std", shape[0], faults) || !mean) return std::nullopt;
  if (const Tensor* std = node.tensor("std")) {
    for (std::size_t i = 0; i < std->size(); ++i) {
      if (std->at(i) > 0) continue;
      faults.push_back(
          {node.name, fmt::format("tensor 'std' has the value {}, expected more than 0", std->at(i))});
      return std::nullopt;
    }
  }
  element_count(shape);
  return shape;
}

// What it reads comes later; validate() compares both.
std::optional<Shape> infer_delay(const Node& node, Inputs, Faults& faults) {
  const Shape shape = node.integers("shape", {});
  const bool sound = (shape.size() == 1 || shape.size() == 3) &&
                     std::all_of(shape.begin(), shape.end(), [](std::int64_t e) { return e >= 1; });
  if (sound) return shape;
  faults.push_back({node.name, fmt::format("shape {} is neither N nor CxHxW", to_string(shape))});
  return std::nullopt;
}

std::optional<Shape> infer_output(const Node& node, Inputs inputs, Faults& faults) {
  if (!expect_rank(node, inputs, 1, faults)) return std::nullopt;
  const bool unit = expect_per_channel(node, "unit", inputs[0][0], faults);
  if (!expect_per_channel(node, "start", inputs[0][0], faults) || !unit) return std::nullopt;
  const std::int64_t running = node.integer("running", 0);
  if (running == 0 || running == 1) return inputs[0];
  faults.push_back({node.name, fmt::format("running is {}, expected 0 or 1", running)});
  return std::nullopt;
}

std::optional<Shape> infer_conv2d(const Node& node, Inputs inputs, Faults& faults) {
  const Tensor& weight = node.tensors.at("weight");
  if (!sound_window(node, faults) || !expect_rank(node, inputs, 3, faults)) return std::nullopt;
  if (weight.shape.size() != 4 ||
      std::any_of(weight.shape.begin(), weight.shape.end(), [](auto e) { return e < 1; })) {
    faults.push_back(
        {node.name, fmt::format("weight has shape {}, expected OxIxKHxKW", to_string(weight.shape))});
    return std::nullopt;
  }
  const Conv2dAttributes conv = conv2d_attributes(node);
  const std::int64_t channels = inputs[0][0];
  const std::int64_t outputs = weight.shape[0];
  const bool divisible = conv.groups >= 1 && channels % conv.groups == 0 && outputs % conv.groups == 0;
  if (!divisible || weight.shape[1] != channels / conv.groups) {
    faults.push_back({node.name, fmt::format("weight {} with {} groups does not fit an input of {} channels",
                                             to_string(weight.shape), conv.groups, channels)});
    return std::nullopt;
  }
  if (!expect_shape(node, "bias", {outputs}, faults)) return std::nullopt;
  return window_output(node, conv.window, outputs, inputs[0], faults);
}

std::optional<Shape> infer_linear(const Node& node, Inputs inputs, Faults& faults) {
  if (!expect_rank(node, inputs, 1, faults)) return std::nullopt;
  const Tensor& weight = node.tensors.at("weight");
  if (weight.shape.size() != 2 || weight.shape[0] < 1 || weight.shape[1] != inputs[0][0]) {
    faults.push_back({node.name, fmt::format("weight {} does not fit an input of {} values",
                                             to_string(weight.shape), inputs[0][0])});
    return std::nullopt;
  }
  if (!expect_shape(node, "bias", {weight.shape[0]}, faults)) return std::nullopt;
  return Shape{weight.shape[0]};
}

std::optional<Shape> infer_affine(const Node& node, Inputs inputs, Faults& faults) {
  const bool scale = expect_per_channel(node, "scale", inputs[0][0], faults);
  if (!expect_per_channel(node, "shift", inputs[0][0], faults) || !scale) return std::nullopt;
  return inputs[0];
}

std::optional<Shape> infer_pool(const Node& node, Inputs inputs, Faults& faults) {
  if (!sound_window(node, faults) || !expect_rank(node, inputs, 3, faults)) return std::nullopt;
  const Window window = pool2d_attributes(node).window;
  for (std::size_t side = 0; side < 4; ++side) {
    if (window.padding.at(side) < window.kernel.at(side % 2)) continue;
    faults.push_back(
        {node.name, fmt::format("padding {} reaches beyond the window", window.padding.at(side))});
    return std::nullopt;
  }
  return window_output(node, window, inputs[0][0], inputs[0], faults);
}

std::optional<Shape> infer_add(const Node& node, Inputs inputs, Faults& faults) {
  for (const Shape& shape : inputs) {
    if (shape == inputs[0]) continue;
    faults.push_back(
        {node.name, fmt::format("cannot add {} and {}", to_string(inputs[0]), to_string(shape))});
    return std::nullopt;
  }
  return inputs[0];
}

std::optional<Shape> infer_concat(const Node& node, Inputs inputs, Faults& faults) {
  Shape result = inputs[0];
  for (const Shape& shape : inputs.subspan(1)) {
    const bool fits =
        shape.size() == result.size() && std::equal(shape.begin() + 1, shape.end(), result.begin() + 1);
    if (!fits) {
      faults.push_back({node.name, fmt::format("cannot join {} and {} along the channels", to_string(result),
                                               to_string(shape))});
      return std::nullopt;
    }
    result[0] += shape[0];
  }
  return result;
}

std::optional<Shape> infer_pad(const Node& node, Inputs inputs, Faults& faults) {
  const std::size_t rank = inputs[0].size();
  if (!expect_list(node, "before", rank, 0, faults) || !expect_list(node, "after", rank, 0, faults))
    return std::nullopt;
  const Ints before = node.integers("before", {});
  const Ints after = node.integers("after", {});
  Shape result = inputs[0];
  for (std::size_t axis = 0; axis < rank; ++axis) result[axis] += before[axis] + after[axis];
  element_count(result);
  return result;
}

std::optional<Shape> infer_slice(const Node& node, Inputs inputs, Faults& faults) {
  const Shape& input = inputs[0];
  bool sound = expect_list(node, "start", input.size(), 0, faults);
  sound &= expect_list(node, "stop", input.size(), 1, faults);
  if (!expect_list(node, "step", input.size(), 1, faults) || !sound) return std::nullopt;
  const SliceAttributes slice = slice_attributes(node);
  Shape result;
  for (std::size_t axis = 0; axis < input.size(); ++axis) {
    if (slice.start[axis] >= slice.stop[axis] || slice.stop[axis] > input[axis]) {
      faults.push_back({node.name, fmt::format("[{}, {}) is not a range of axis {} of {}", slice.start[axis],
                                               slice.stop[axis], axis, to_string(input))});
      return std::nullopt;
    }
    result.push_back((slice.stop[axis] - slice.start[axis] + slice.step[axis] - 1) / slice.step[axis]);
  }
  return result;
}

std::optional<Shape> infer_onset(const Node&, Inputs inputs, Faults&) { return inputs[0]; }

std::optional<Shape> infer_flatten(const Node&, Inputs inputs, Faults&) {
  return Shape{element_count(inputs[0])};
}

}  // namespace

std::int64_t Window::output_extent(int axis, std::int64_t input) const {
  const std::int64_t before = padding.at(axis);
  const std::int64_t padded = input + before + padding.at(axis + 2);
  const std::int64_t reach = dilation.at(axis) * (kernel.at(axis) - 1) + 1;
  if (padded < reach) return 0;
  const std::int64_t step = stride.at(axis);
  std::int64_t extent = (padded - reach + (ceil_mode ? step - 1 : 0)) / step + 1;
  // A window may not start in the padding behind the image.
  if (ceil_mode && (extent - 1) * step >= input + before) --extent;
  return extent;
}

Conv2dAttributes conv2d_attributes(const Node& node) {
  const Shape& weight = node.tensors.at("weight").shape;
  return {window_of(node, {weight.at(2), weight.at(3)}), node.integer("groups", 1)};
}

bool is_convolution(const Node& synapse) { return synapse.tensors.at("weight").shape.size() == 4; }

Pool2dAttributes pool2d_attributes(const Node& node) {
  return {window_of(node, to_array<2>(node.integers("kernel", {1, 1}))),
          node.integer("count_include_pad", 0) != 0};
}

SliceAttributes slice_attributes(const Node& node) {
  return {node.integers("start", {}), node.integers("stop", {}), node.integers("step", {})};
}

void add_structural_schemas(SchemaSet& schemas) {
  const Attribute integer = std::int64_t{0};
  const Attribute list = Ints{};
  const AttributeSpec stride{"stride", list};
  const AttributeSpec padding{"padding", list};
  const AttributeSpec dilation{"dilation", list};
  const AttributeSpec kernel{"kernel", list, true};
  const AttributeSpec ceil_mode{"ceil_mode", integer};
  const AttributeSpec shift{"shift", integer, false, Potential::none, 30};
  const AttributeSpec fraction_bits{"fraction_bits", integer, false, Potential::none, 14};
  constexpr std::size_t many = 1 << 16;
  schemas.add({"Input",
               Role::input,
               0,
               0,
               {{"shape", list, true}, fraction_bits},
               {{"mean", false}, {"std", false}},
               infer_input});
  schemas.add({"Output",
               Role::readout,
               1,
               1,
               {{"running", integer}},
               {{"unit", false}, {"start", false}},
               infer_output});
  schemas.add({"Conv2d",
               Role::synapse,
               1,
               1,
               {stride, padding, dilation, {"groups", integer}, shift},
               {{"weight"}, {"bias", false}},
               infer_conv2d});
  schemas.add({"Linear", Role::synapse, 1, 1, {shift}, {{"weight"}, {"bias", false}}, infer_linear});
  schemas.add({"Affine", Role::scaling, 1, 1, {}, {{"scale"}, {"shift"}}, infer_affine});
  schemas.add({"AvgPool2d",
               Role::pool,
               1,
               1,
               {kernel, stride, padding, ceil_mode, {"count_include_pad", integer}},
               {},
               infer_pool});
  OpSchema max_pool{"MaxPool2d", Role::pool, 1, 1, {kernel, stride, padding, dilation, ceil_mode},
                    {},          infer_pool};
  schemas.add(max_pool);
  max_pool.name = "CumulativeMaxPool2d";
  max_pool.has_state = true;
  schemas.add(std::move(max_pool));
  schemas.add({"Add", Role::join, 2, many, {}, {}, infer_add});
  OpSchema concat{"Concat", Role::carrier, 2, many, {}, {}, infer_concat};
  concat.concatenates = true;
  schemas.add(std::move(concat));
  OpSchema pad{"Pad", Role::carrier, 1, 1, {{"before", list, true}, {"after", list, true}}, {}, infer_pad};
  pad.adds_zeros = true;
  schemas.add(std::move(pad));
  schemas.add({"Slice",
               Role::carrier,
               1,
               1,
               {{"start", list, true}, {"stop", list, true}, {"step", list, true}},
               {},
               infer_slice});
  schemas.add({"Flatten", Role::carrier, 1, 1, {}, {}, infer_flatten});
  OpSchema delay{delay_op, Role::carrier, 1, 1, {{"shape", list, true}}, {}, infer_delay};
  delay.has_state = true;
  schemas.add(std::move(delay));
  OpSchema onset{"Onset", Role::carrier, 1, 1, {}, {}, infer_onset};
  onset.has_state = true;
  schemas.add(std::move(onset));
}

}  // namespace rheobase

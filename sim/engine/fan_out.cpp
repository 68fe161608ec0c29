#include "sim/engine/fan_out.h"

#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

// The positions of a convolution's input along one axis: taps[i] lists the kernel taps through which input i
// reaches an output.
std::vector<std::vector<std::int64_t>> taps_of_inputs(const Window& window, int axis, std::int64_t extent) {
  const std::int64_t outputs = window.output_extent(axis, extent);
  std::vector<std::vector<std::int64_t>> taps(extent);
  for (std::int64_t out = 0; out < outputs; ++out) {
    for (std::int64_t tap = 0; tap < window.kernel.at(axis); ++tap) {
      const std::int64_t in =
          out * window.stride.at(axis) + tap * window.dilation.at(axis) - window.padding.at(axis);
      if (in >= 0 && in < extent) taps[in].push_back(tap);
    }
  }
  return taps;
}

// Non-zero weights per tap and input channel, [kh][kw][C].
std::vector<std::uint32_t> weights_per_tap(const Tensor& weight, std::int64_t groups, std::int64_t channels) {
  const std::int64_t outputs = weight.shape[0];
  const std::int64_t group_inputs = weight.shape[1];
  const std::int64_t taps = weight.shape[2] * weight.shape[3];
  std::vector<std::uint32_t> count(taps * channels, 0);
  std::int64_t output = 0, input = 0, tap = 0;
  weight.for_each([&](double value) {
    if (value != 0.0) ++count[tap * channels + output / (outputs / groups) * group_inputs + input];
    if (++tap < taps) return;
    tap = 0;
    if (++input < group_inputs) return;
    input = 0;
    ++output;
  });
  return count;
}

FanOut conv2d_fan_out(const Node& node, const ImageShape& input) {
  const Conv2dAttributes conv = conv2d_attributes(node);
  const Tensor& weight = node.tensors.at("weight");
  const auto rows = taps_of_inputs(conv.window, 0, input.height);
  const auto columns = taps_of_inputs(conv.window, 1, input.width);
  const auto per_tap = weights_per_tap(weight, conv.groups, input.channels);
  const std::int64_t outputs_of_input = weight.shape[0] / conv.groups;
  FanOut result;
  result.effective.assign(input.size(), 0);
  auto* neuron = result.effective.data();
  for (const auto& row : rows) {
    for (const auto& column : columns) {
      for (const std::int64_t y : row) {
        for (const std::int64_t x : column) {
          const std::uint32_t* tap = &per_tap[(y * weight.shape[3] + x) * input.channels];
          for (std::int64_t c = 0; c < input.channels; ++c) neuron[c] += tap[c];
        }
      }
      result.dense += row.size() * column.size() * input.channels * outputs_of_input;
      neuron += input.channels;
    }
  }
  return result;
}

FanOut linear_fan_out(const Node& node, const ImageShape& input) {
  const Tensor& weight = node.tensors.at("weight");
  FanOut result;
  result.dense = weight.size();
  result.effective.assign(input.size(), 0);
  std::size_t column = 0;
  weight.for_each([&](double value) {
    if (value != 0.0) ++result.effective[column];
    if (++column == result.effective.size()) column = 0;
  });
  return result;
}

}  // namespace

FanOut fan_out(const Node& node, const ImageShape& input) {
  switch (node.tensors.at("weight").shape.size()) {
    case 4:
      return conv2d_fan_out(node, input);
    case 2:
      return linear_fan_out(node, input);
    default:
      throw InternalError(node.op + " has no synapses that are counted");
  }
}

}  // namespace rheobase

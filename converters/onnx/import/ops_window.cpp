#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/import/ops.h"
#include "converters/onnx/import/snap_weights.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::onnx_import {
namespace {

/// A list of `N` numbers, N / 2 for each of {h, w} in ONNX's order; a list of half as many, of a 1-D op, is
/// for w.
template <std::size_t N>
std::array<std::int64_t, N> spatial(const NodeView& node, std::size_t rank, const char* attribute,
                                    std::int64_t minimum, std::int64_t fallback) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  std::array<std::int64_t, N> result{};
  result.fill(fallback);
  const auto values = node.integers(attribute);
  if (!values) return result;
  const std::size_t count = rank * N / 2;
  const bool sound =
      values->size() == count &&
      std::all_of(values->begin(), values->end(), [&](std::int64_t v) { return v >= minimum && v <= most; });
  if (!sound) {
    throw NodeFault(fmt::format("attribute '{}' is ({}), expected {} numbers from {}", attribute,
                                fmt::join(*values, ","), count, minimum));
  }
  for (std::size_t i = 0; i < count; ++i) result.at(rank == 2 ? i : 2 * i + 1) = (*values)[i];
  return result;
}

/// Axes that a window moves over: 2, or 1 in N x C x L.
std::size_t spatial_rank(const Activation& image) { return image.dims.size() - 2; }

/// What `node` computes, without the height where the image has none.
Activation emit_window(const Call& call, const Activation& image, Node node) {
  Activation result = call.graph.emit(call.node.label(), std::move(node));
  if (spatial_rank(image) == 1) result.dims.erase(result.dims.begin() + 2);
  return result;
}

/// SAME: as many windows as strides begin in the image; the padding is split evenly, the odd pixel goes to
/// the end (UPPER) or the beginning (LOWER).
void pad_same(Window& window, const Shape& image, bool odd_at_end) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t extent = image[axis + 1];
    const std::int64_t reach = window.dilation.at(axis) * (window.kernel.at(axis) - 1) + 1;
    const std::int64_t windows = (extent - 1) / window.stride.at(axis) + 1;
    const std::int64_t total =
        std::max<std::int64_t>((windows - 1) * window.stride.at(axis) + reach - extent, 0);
    window.padding.at(axis) = odd_at_end ? total / 2 : total - total / 2;
    window.padding.at(axis + 2) = total - window.padding.at(axis);
  }
}

Window read_window(const NodeView& node, std::array<std::int64_t, 2> kernel, const Activation& image) {
  const std::size_t rank = spatial_rank(image);
  Window window;
  window.kernel = kernel;
  window.stride = spatial<2>(node, rank, "strides", 1, 1);
  window.dilation = spatial<2>(node, rank, "dilations", 1, 1);
  const std::string mode = node.word("auto_pad", "NOTSET");
  if (mode == "NOTSET") {
    window.padding = spatial<4>(node, rank, "pads", 0, 0);
    window.ceil_mode = node.integer("ceil_mode", 0) != 0;
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    pad_same(window, image.node_shape, mode == "SAME_UPPER");
  } else if (mode != "VALID") {
    throw NodeFault(
        fmt::format("auto_pad is '{}'; NOTSET, VALID, SAME_UPPER and SAME_LOWER are supported", mode));
  }
  return window;
}

/// Settings that differ from the schema's defaults.
void set_window(Node& node, const Window& window) {
  const auto list = [](const auto& values) { return Integers(values.begin(), values.end()); };
  if (window.stride != Window{}.stride) node.attributes["stride"] = list(window.stride);
  if (window.dilation != Window{}.dilation) node.attributes["dilation"] = list(window.dilation);
  if (window.padding != Window{}.padding) node.attributes["padding"] = list(window.padding);
  if (window.ceil_mode) node.attributes["ceil_mode"] = std::int64_t{1};
}

Node pool_node(const char* op, const Activation& input, const Window& window) {
  Node node{"", op, {input.node}, {}, {}};
  node.attributes["kernel"] = Integers(window.kernel.begin(), window.kernel.end());
  set_window(node, window);
  return node;
}

Window pool_window(const Call& call, const Activation& input) {
  if (!call.node.has("kernel_shape")) throw NodeFault("attribute 'kernel_shape' is missing");
  return read_window(call.node, spatial<2>(call.node, spatial_rank(input), "kernel_shape", 1, 1), input);
}

Activation global_pool(const Call& call, const char* op) {
  const Activation input = call.graph.image(call.input(0));
  Window window;
  window.kernel = {input.node_shape[1], input.node_shape[2]};
  return emit_window(call, input, pool_node(op, input, window));
}

/// The window that averages over `axes` of a settled activation: extents that hold height, width or both.
Window mean_window(const Activation& input, const Integers& axes) {
  const auto refuse = [&] {
    throw NodeFault(
        fmt::format("averages over axes ({}) of {}; the spatial axes of N x C x H x W are supported",
                    fmt::join(axes, ","), to_string(input.dims)));
  };
  if (input.node_shape.size() != 3) refuse();
  const auto node_axes = input.node_axes();
  Window window;
  for (const std::int64_t axis : axes) {
    if (axis == 0) refuse();
    for (const std::int64_t node_axis : node_axes[static_cast<std::size_t>(axis - 1)]) {
      if (node_axis == 0) refuse();
      window.kernel.at(static_cast<std::size_t>(node_axis - 1)) =
          input.node_shape[static_cast<std::size_t>(node_axis)];
    }
  }
  return window;
}

}  // namespace

Value import_conv(const Call& call) {
  return convolution(call, *call.constant(1), call.optional_constant(2).get());
}

Value convolution(const Call& call, const Constant& weight, const Constant* bias) {
  const Activation input = call.graph.image(call.input(0));
  const std::size_t rank = spatial_rank(input);
  Tensor kernels = to_tensor(weight, "the weight");
  if (kernels.shape.size() != rank + 2) {
    throw NodeFault(
        fmt::format("has a weight of shape {} for an input of {}; 1-D and 2-D convolutions are "
                    "supported",
                    to_string(weight.shape), to_string(input.dims)));
  }
  if (rank == 1) kernels.shape.insert(kernels.shape.begin() + 2, 1);
  const std::array<std::int64_t, 2> kernel{kernels.shape[2], kernels.shape[3]};
  if (call.node.has("kernel_shape") && spatial<2>(call.node, rank, "kernel_shape", 1, 1) != kernel) {
    throw NodeFault("attribute 'kernel_shape' contradicts the weight");
  }
  if (kernel[0] < 1 || kernel[1] < 1) throw NodeFault("has an empty kernel");
  Node node{"", "Conv2d", {input.node}, {}, {}};
  set_window(node, read_window(call.node, kernel, input));
  const std::int64_t groups = call.node.integer("group", 1);
  if (groups != 1) node.attributes["groups"] = groups;
  snap_binary_weights(kernels);
  node.tensors["weight"] = std::move(kernels);
  if (bias != nullptr) node.tensors["bias"] = to_tensor(*bias, "the bias");
  return emit_window(call, input, std::move(node));
}

Value import_average_pool(const Call& call) {
  const Activation input = call.graph.image(call.input(0));
  const Window window = pool_window(call, input);
  if (window.dilation != Window{}.dilation) throw NodeFault("averages over a dilated window");
  Node node = pool_node("AvgPool2d", input, window);
  const bool padded = window.padding != Window{}.padding;
  if (padded && call.node.integer("count_include_pad", 0) != 0) {
    node.attributes["count_include_pad"] = std::int64_t{1};
  }
  return emit_window(call, input, std::move(node));
}

Value import_max_pool(const Call& call) {
  const Activation input = call.graph.image(call.input(0));
  return emit_window(call, input, pool_node("MaxPool2d", input, pool_window(call, input)));
}

Value import_global_average_pool(const Call& call) { return global_pool(call, "AvgPool2d"); }

Value import_global_max_pool(const Call& call) { return global_pool(call, "MaxPool2d"); }

Value import_reduce_mean(const Call& call) {
  const Activation input = call.graph.settled(call.input(0));
  const ConstantPtr axes_input = call.optional_constant(1);
  const auto named = attribute_or_input(call.node, "axes", axes_input.get());
  if (!named || named->empty()) throw NodeFault("averages over all axes, the batch included");
  const Integers axes = resolve_axes(*named, input.dims.size());
  Activation result =
      call.graph.emit(call.node.label(), pool_node("AvgPool2d", input, mean_window(input, axes)));
  result.layout.axes = input.layout.axes;
  result.dims = reduced(input.dims, axes, call.node.integer("keepdims", 1) != 0);
  return result;
}

}  // namespace rheobase::onnx_import

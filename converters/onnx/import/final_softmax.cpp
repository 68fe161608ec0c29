#include "converters/onnx/import/final_softmax.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/import/evaluation_order.h"
#include "converters/onnx/import/ops.h"

namespace rheobase::onnx_import {
namespace {

bool is_one_of(const ::onnx::NodeProto& node, std::span<const std::string_view> ops) {
  return std::find(ops.begin(), ops.end(), node.op_type()) != ops.end();
}

/// Whether the softmax runs over everything that a sample has.
bool spans_sample(const NodeView& node, const Shape& dims) {
  constexpr int one_axis_since = 13;
  const bool is_one_axis = node.opset() >= one_axis_since;
  const auto axis =
      static_cast<std::size_t>(resolve_axes({node.integer("axis", is_one_axis ? -1 : 1)}, dims.size())[0]);
  if (axis == 0) return false;
  const std::int64_t extent = is_one_axis ? dims[axis] : extent_product(dims, axis, dims.size());
  return extent == extent_product(dims, 1, dims.size());
}

}  // namespace

std::string final_softmax(const ::onnx::GraphProto& graph, const std::string& output) {
  constexpr std::array<std::string_view, 2> softmaxes{"Softmax", "LogSoftmax"};
  constexpr std::array<std::string_view, 7> views{"Identity", "Flatten",        "Reshape",         "Squeeze",
                                                  "Cast",     "QuantizeLinear", "DequantizeLinear"};
  const EvaluationOrder order = evaluation_order(graph, output);
  std::string value = output;
  for (auto node = order.nodes.rbegin(); node != order.nodes.rend(); ++node) {  // the last producer first
    const ::onnx::NodeProto& producer = graph.node(*node);
    if (producer.output_size() == 0 || producer.output(0) != value || order.uses.at(value) != 1) continue;
    if (is_one_of(producer, softmaxes)) return value;
    if (!is_one_of(producer, views) || producer.input_size() == 0) return "";
    value = producer.input(0);
  }
  return "";
}

Value import_softmax(const Call& call) {
  const Activation& input = call.graph.activation(call.input(0));
  if (call.node.outputs().at(0) != call.graph.final_softmax())
    throw NodeFault("is a softmax inside the network; only one at the end, which is left out, is supported");
  if (!spans_sample(call.node, input.dims))
    throw NodeFault(fmt::format("is a softmax over a part of {}; one over the classes is left out",
                                to_string(input.dims)));
  call.graph.add_note(call.node.label(),
                      "this softmax at the end is left out: the network gives logits, and confidence is "
                      "computed from them");
  return input;
}

}  // namespace rheobase::onnx_import

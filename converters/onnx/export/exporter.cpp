#include "converters/onnx/exporter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include "converters/onnx/export/export_ops.h"
#include "sim/core/file.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

using onnx_export::find_op_export;

constexpr int ir_version = 8;  // the newest that opset 17 came with
constexpr int opset = 17;

// `schema` is absent where nothing knows the op.
Fault no_counterpart(const Node& node, const OpSchema* schema) {
  if (schema != nullptr && schema->is_spiking()) {
    return {node.name,
            "is a spiking neuron, which ONNX does not have; export the network it was converted from"};
  }
  return {node.name, fmt::format("op {} cannot be exported; {} can", node.op,
                                 fmt::join(onnx_export::exported_ops(), ", "))};
}

void check_ops(const Graph& graph, const SchemaSet& schemas, const std::string& source) {
  if (arithmetic_of(graph) == Arithmetic::fixed) {
    throw InputError(
        source, graph.input().name,
        "is of fixed arithmetic, which ONNX does not have; export the network it was converted from");
  }
  Faults faults;
  for (const Node& node : graph.nodes) {
    if (find_op_export(node.op) == nullptr) faults.push_back(no_counterpart(node, schemas.find(node.op)));
  }
  throw_if_any(source, faults);
}

/// What names, settings and protobuf's own bytes take is small beside the weights: a share of the limit is
/// left to it.
void check_size(const Graph& graph, const OnnxExport& settings) {
  constexpr std::int64_t bytes_per_node = 1024;
  std::int64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    bytes += bytes_per_node;
    for (const auto& [name, tensor] : node.tensors)
      bytes += static_cast<std::int64_t>(tensor.size() * sizeof(float));
  }
  if (bytes <= settings.most_bytes) return;
  throw InputError(settings.source, "",
                   fmt::format("takes about {} bytes as ONNX; a file holds {}, protobuf's limit", bytes,
                               settings.most_bytes));
}

void export_nodes(const Graph& graph, const ShapeMap& shapes, const std::string& source,
                  ::onnx::GraphProto& proto) {
  onnx_export::OnnxWriter writer(proto, graph);
  Faults faults;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[static_cast<std::size_t>(index)];
    try {
      find_op_export(node.op)({node, shapes, writer});
    } catch (const InputError& error) {
      faults.insert(faults.end(), error.faults().begin(), error.faults().end());
    }
  }
  throw_if_any(source, faults);
}

}  // namespace

std::string onnx_file_bytes(const Graph& graph, const SchemaSet& schemas, const OnnxExport& settings) {
  check_ops(graph, schemas, settings.source);
  const ShapeMap shapes = validate_or_throw(graph, schemas, settings.source);
  check_size(graph, settings);
  ::onnx::ModelProto model;
  model.set_ir_version(ir_version);
  model.set_producer_name("rheobase");
  model.set_producer_version(settings.tool_version);
  model.add_opset_import()->set_version(opset);
  model.mutable_graph()->set_name("network");
  export_nodes(graph, shapes, settings.source, *model.mutable_graph());
  return model.SerializeAsString();
}

void export_onnx(const Graph& graph, const SchemaSet& schemas, const OnnxExport& settings,
                 const std::string& path) {
  write_file(path, onnx_file_bytes(graph, schemas, settings));
}

}  // namespace rheobase

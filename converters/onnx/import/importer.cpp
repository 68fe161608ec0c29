#include "converters/onnx/importer.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "converters/onnx/fold/fold.h"
#include "converters/onnx/import/cancel_sums.h"
#include "converters/onnx/import/evaluation_order.h"
#include "converters/onnx/import/final_softmax.h"
#include "converters/onnx/import/graph_builder.h"
#include "converters/onnx/import/group_faults.h"
#include "converters/onnx/import/input_form.h"
#include "converters/onnx/import/ops.h"
#include "converters/onnx/import/unsupported.h"
#include "converters/onnx/proto/import_bytes.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase::onnx_import {
namespace {

constexpr int oldest_opset = 9;
constexpr int newest_opset = 24;

void expect_readable_size(std::uint64_t bytes, const std::string& source) {
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    throw InputError(source, "", "is larger than 2 GB, protobuf's limit; keep the weights as external data");
  }
}

::onnx::ModelProto parse(std::string_view bytes, const std::string& source) {
  expect_readable_size(bytes.size(), source);
  const google::protobuf::LogSilencer silence;
  ::onnx::ModelProto model;
  if (!model.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw InputError(source, "", "is not an ONNX file, or is damaged or truncated");
  }
  if (!model.has_graph() || model.opset_import_size() == 0) {
    throw InputError(source, "", "holds no ONNX model: not an ONNX file, or truncated");
  }
  return model;
}

int read_opset(const ::onnx::ModelProto& model, Faults& faults) {
  for (const auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() >= oldest_opset && import.version() <= newest_opset) {
      return static_cast<int>(import.version());
    }
    faults.push_back({"opset", fmt::format("is {}; {} to {} are supported, convert the model to opset 17",
                                           import.version(), oldest_opset, newest_opset)});
    return newest_opset;
  }
  faults.push_back({"opset", "of ONNX's own operators is not stated"});
  return newest_opset;
}

/// The one graph input that is no initialiser; files before IR version 4 list those too.
const ::onnx::ValueInfoProto* find_input(const ::onnx::GraphProto& graph, Faults& faults) {
  std::set<std::string> initialisers;
  for (const auto& tensor : graph.initializer()) initialisers.insert(tensor.name());
  std::vector<const ::onnx::ValueInfoProto*> inputs;
  for (const auto& input : graph.input()) {
    if (!initialisers.contains(input.name())) inputs.push_back(&input);
  }
  if (inputs.size() == 1) return inputs[0];
  std::string names;
  for (const auto* input : inputs) names += fmt::format(" '{}'", input->name());
  faults.push_back(
      {"inputs", fmt::format("there are {}{}; networks with one input are supported", inputs.size(), names)});
  return nullptr;
}

std::string find_output(const ::onnx::GraphProto& graph, Faults& faults) {
  if (graph.output_size() == 1) return graph.output(0).name();
  std::string names;
  for (const auto& output : graph.output()) names += fmt::format(" '{}'", output.name());
  faults.push_back({"outputs", fmt::format("there are {}{}; networks with one output are supported",
                                           graph.output_size(), names)});
  return "";
}

/// Extents with the batch in front; a batch that is not fixed is 1.
Shape input_dims(const ::onnx::ValueInfoProto& input) {
  const auto& type = input.type().tensor_type();
  const bool real = type.elem_type() == ::onnx::TensorProto::FLOAT ||
                    type.elem_type() == ::onnx::TensorProto::DOUBLE ||
                    type.elem_type() == ::onnx::TensorProto::FLOAT16;
  if (!input.type().has_tensor_type() || !type.has_shape()) throw NodeFault("is no tensor of known shape");
  if (!real) {
    throw NodeFault(
        fmt::format("has element type {}, expected float: export the model with a float input and "
                    "leave casts and scaling of pixels to convert --normalize",
                    type.elem_type()));
  }
  if (type.shape().dim_size() < 2 || type.shape().dim_size() > 4) {
    throw NodeFault(
        fmt::format("has {} axes; N x C x H x W, N x C x L and N x K, with a batch in front, are "
                    "supported",
                    type.shape().dim_size()));
  }
  Shape dims;
  for (const auto& dim : type.shape().dim()) {
    const bool fixed = dim.has_dim_value() && dim.dim_value() > 0;
    if (!fixed && !dims.empty()) {
      throw NodeFault(
          fmt::format("axis {} ('{}') is dynamic; export the model with a fixed size, only the batch "
                      "may vary",
                      dims.size(), dim.dim_param()));
    }
    dims.push_back(fixed ? dim.dim_value() : 1);
  }
  return dims;
}

/// Where the tensors of the file say that their bytes are, each path once.
std::vector<std::string> external_files(const ::onnx::GraphProto& graph, const std::string& folder) {
  std::set<std::string> files;
  const auto look_at = [&](const ::onnx::TensorProto& tensor) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") files.insert((std::filesystem::path(folder) / entry.value()).string());
    }
  };
  for (const auto& tensor : graph.initializer()) look_at(tensor);
  for (const auto& node : graph.node()) {
    for (const auto& attribute : node.attribute()) look_at(attribute.t());
  }
  return {files.begin(), files.end()};
}

/// Visits the nodes of one model, producers first.
class ModelImport {
 public:
  ModelImport(const ::onnx::ModelProto& model, std::string folder, EvaluationOrder order, int opset,
              FoldBudget budget)
      : graph_(model.graph()),
        opset_(opset),
        order_(std::move(order)),
        budget_(budget),
        builder_(std::move(folder), order_.uses) {
    for (const Fault& fault : order_.faults) builder_.add_fault(fault.where, fault.what);
    for (const auto& node : graph_.node()) {
      if (node.op_type() == "GatherND" && node.input_size() > 0) gathered_.insert(node.input(0));
    }
  }

  GraphBuilder& builder() { return builder_; }

  void define_initialisers() {
    for (const auto& tensor : graph_.initializer()) builder_.define(tensor.name(), &tensor);
    for (const auto& sparse : graph_.sparse_initializer()) {
      builder_.add_fault(sparse.values().name(), "is a sparse tensor; dense ones are supported");
      builder_.define(sparse.values().name(), Unavailable{});
    }
  }

  void define_input(const ::onnx::ValueInfoProto& input) {
    guarded(input.name(), [&] {
      const Shape dims = input_dims(input);
      builder_.add_input(input.name(), dims, input_form(graph_, order_, input.name(), dims));
    });
    if (builder_.find(input.name()) == nullptr) builder_.define(input.name(), Unavailable{});
  }

  void visit_nodes() {
    for (const int index : order_.nodes) {
      const NodeView node(graph_.node(index), opset_, index);
      const bool known = find_handler(node.op()) != nullptr || find_fold(node.op()) != nullptr;
      if (!known && !is_explained(node)) builder_.add_fault(node.label(), unsupported(node.op()));
      const bool reachable =
          known && std::none_of(node.inputs().begin(), node.inputs().end(),
                                [&](const std::string& name) { return is_unavailable(name); });
      for (const std::string& output : node.outputs()) {
        if (!output.empty()) builder_.define(output, Unavailable{});
      }
      if (reachable) guarded(node.label(), [&] { define_outputs(node, visit(node)); });
    }
  }

  void define_output(const std::string& name, const std::string& value) {
    if (builder_.find(value) != nullptr && is_unavailable(value)) return;
    guarded(name, [&] { builder_.add_output(name, value); });
  }

 private:
  template <class Function>
  void guarded(const std::string& where, const Function& function) {
    try {
      function();
    } catch (const NodeFault& fault) {
      builder_.add_fault(where, fault.what());
    } catch (const FileClash&) {  // of no node
      throw;
    } catch (const InputError& error) {
      builder_.add_fault(where, error.faults().front().where + ": " + error.faults().front().what);
    }
  }

  bool is_unavailable(const std::string& name) const {
    const Value* value = builder_.find(name);
    return value != nullptr && std::holds_alternative<Unavailable>(*value);
  }

  bool is_constant(const std::string& name) const {
    const Value* value = builder_.find(name);
    return name.empty() || (value != nullptr && !std::holds_alternative<Activation>(*value));
  }

  Value visit(const NodeView& node) {
    const bool is_known = std::all_of(node.inputs().begin(), node.inputs().end(),
                                      [&](const std::string& name) { return is_constant(name); });
    const Fold fold = find_fold(node.op());
    if (is_known && fold != nullptr) {
      std::vector<ConstantPtr> inputs;
      for (const std::string& name : node.inputs()) {
        inputs.push_back(name.empty() ? nullptr : builder_.constant(name));
      }
      return std::make_shared<const Constant>(fold({node, inputs, budget_, builder_.folder()}));
    }
    const Handler handler = find_handler(node.op());
    if (handler == nullptr) {
      for (const std::string& name : node.inputs()) {
        if (!name.empty() && builder_.find(name) == nullptr)
          builder_.constant(name);  // names what is missing
      }
      throw NodeFault(unsupported_on_activations(node.op()));
    }
    expect_no_adaptive_pool(node);
    return handler({node, builder_});
  }

  /// Part of what the fault of another node speaks of.
  bool is_explained(const NodeView& node) const {
    return node.op() == "GatherND" && !node.inputs().empty() && is_unavailable(node.inputs()[0]);
  }

  /// PyTorch writes an adaptive average pool as an index into permuted pixels where windows overlap.
  void expect_no_adaptive_pool(const NodeView& node) const {
    if (node.op() != "Transpose" || node.outputs().empty() || !gathered_.contains(node.outputs()[0])) return;
    throw NodeFault(fmt::format(
        "indexes into the pixels of {}, as an adaptive pool does whose output size does not divide "
        "the size of its input: the output size must divide the input",
        to_string(builder_.activation(node.inputs().at(0)).dims)));
  }

  /// Further outputs (a mask, indices, running statistics) stay without a value.
  void define_outputs(const NodeView& node, Value value) {
    if (node.outputs().empty()) throw NodeFault("has no output");
    builder_.define(node.outputs()[0], std::move(value));
    for (std::size_t i = 1; i < node.outputs().size(); ++i) {
      if (!node.outputs()[i].empty() && order_.uses.contains(node.outputs()[i])) {
        throw NodeFault(
            fmt::format("its output '{}' is used; only the first output is supported", node.outputs()[i]));
      }
    }
  }

  const ::onnx::GraphProto& graph_;
  int opset_;
  EvaluationOrder order_;
  FoldBudget budget_;
  GraphBuilder builder_;
  std::set<std::string> gathered_;  ///< what GatherND reads
};

}  // namespace

OnnxImport import_onnx_bytes(std::string_view bytes, const std::string& source, const std::string& folder) {
  constexpr std::int64_t base_budget = std::int64_t{1} << 20;
  ::onnx::ModelProto model = parse(bytes, source);
  Faults faults;
  const int opset = read_opset(model, faults);
  const auto* input = find_input(model.graph(), faults);
  const std::string output = find_output(model.graph(), faults);
  throw_if_any(source, faults);
  cancel_sums(*model.mutable_graph(), output);
  const FoldBudget budget(base_budget + 4 * static_cast<std::int64_t>(bytes.size()));
  ModelImport import(model, folder, evaluation_order(model.graph(), output), opset, budget);
  import.define_initialisers();
  import.define_input(*input);
  import.builder().set_final_softmax(final_softmax(model.graph(), output));
  const std::string output_name = import.builder().reserve_name(output);
  import.visit_nodes();
  import.define_output(output_name, output);
  throw_if_any(source, grouped(import.builder().faults()));
  OnnxImport result;
  result.notes = import.builder().notes();
  result.signs = import.builder().signs();
  result.files = external_files(model.graph(), folder);
  result.graph = import.builder().take_graph();
  return result;
}

}  // namespace rheobase::onnx_import

namespace rheobase {

std::vector<std::string> onnx_external_files(const std::string& path) {
  onnx_import::expect_readable_size(regular_file_size(path), path);
  const ::onnx::ModelProto model = onnx_import::parse(read_file(path), path);
  return onnx_import::external_files(model.graph(), std::filesystem::path(path).parent_path().string());
}

OnnxImport import_onnx(const std::string& path) {
  onnx_import::expect_readable_size(regular_file_size(path), path);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  OnnxImport result = onnx_import::import_onnx_bytes(read_file(path), path, folder);
  result.files.push_back(path);
  return result;
}

}  // namespace rheobase

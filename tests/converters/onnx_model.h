#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sim/graph/graph.h"
#include "sim/graph/validate.h"

namespace rheobase::test {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Names = std::vector<std::string>;

/// An ONNX node under construction.
class OnnxNode {
 public:
  explicit OnnxNode(::onnx::NodeProto* proto) : proto_(proto) {}
  OnnxNode& with(const std::string& attribute, std::int64_t value);
  OnnxNode& with(const std::string& attribute, int value) { return with(attribute, std::int64_t{value}); }
  OnnxNode& with(const std::string& attribute, double value);
  OnnxNode& with(const std::string& attribute, const char* value);
  OnnxNode& with(const std::string& attribute, const Ints& values);
  ::onnx::TensorProto& tensor(const std::string& attribute);
  ::onnx::NodeProto& proto() { return *proto_; }

 private:
  ::onnx::AttributeProto& add(const std::string& attribute, int type);
  ::onnx::NodeProto* proto_;
};

/// An ONNX file written in a test: input `x`, output `y`.
class OnnxModel {
 public:
  /// Extents with the batch in front; -1 stands for a symbolic one.
  explicit OnnxModel(const Ints& input, int opset = 17);

  OnnxModel& reals(const std::string& name, const Ints& dims, const Floats& values);
  OnnxModel& real(const std::string& name, float value) { return reals(name, {}, {value}); }
  OnnxModel& integers(const std::string& name, const Ints& values);
  OnnxModel& integer(const std::string& name, std::int64_t value);
  /// The node is called `name` when it is given, and has no name otherwise.
  OnnxNode node(const std::string& op, const Names& inputs, const std::string& output,
                const std::string& name = "");
  ::onnx::ModelProto& proto() { return model_; }

  std::string bytes() const;
  /// Imported and validated.
  Graph import() const;
  /// "where: what" of every fault of the import; empty when there is none.
  std::vector<std::string> faults() const;
  /// `where: what` of each note of importing.
  std::vector<std::string> notes() const;

 private:
  ::onnx::ModelProto model_;
};

/// Imports the bytes with each one changed in three ways; whatever is thrown but InputError passes through.
void import_with_any_byte_changed(const std::string& bytes);

/// The schemas that imported graphs use.
SchemaSet converter_schemas();
/// The validated output shape of every node.
ShapeMap shapes_of(const Graph& graph);
/// Ops in topological order, `Input Conv2d QCFS Output`.
std::string ops_of(const Graph& graph);
/// The only node of that op.
const Node& only(const Graph& graph, const std::string& op);

}  // namespace rheobase::test

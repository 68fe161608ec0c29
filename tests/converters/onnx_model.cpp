#include "tests/converters/onnx_model.h"

#include <stdexcept>

#include "converters/onnx/proto/import_bytes.h"
#include "neurons/if.h"
#include "neurons/multi_threshold.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"

namespace rheobase::test {

using ::onnx::AttributeProto;
using ::onnx::TensorProto;

AttributeProto& OnnxNode::add(const std::string& attribute, int type) {
  AttributeProto* added = proto_->add_attribute();
  added->set_name(attribute);
  added->set_type(static_cast<AttributeProto::AttributeType>(type));
  return *added;
}

OnnxNode& OnnxNode::with(const std::string& attribute, std::int64_t value) {
  add(attribute, AttributeProto::INT).set_i(value);
  return *this;
}

OnnxNode& OnnxNode::with(const std::string& attribute, double value) {
  add(attribute, AttributeProto::FLOAT).set_f(static_cast<float>(value));
  return *this;
}

OnnxNode& OnnxNode::with(const std::string& attribute, const char* value) {
  add(attribute, AttributeProto::STRING).set_s(value);
  return *this;
}

OnnxNode& OnnxNode::with(const std::string& attribute, const Ints& values) {
  AttributeProto& added = add(attribute, AttributeProto::INTS);
  for (const std::int64_t value : values) added.add_ints(value);
  return *this;
}

TensorProto& OnnxNode::tensor(const std::string& attribute) {
  return *add(attribute, AttributeProto::TENSOR).mutable_t();
}

OnnxModel::OnnxModel(const Ints& input, int opset) {
  model_.set_ir_version(8);
  model_.add_opset_import()->set_version(opset);
  auto* x = model_.mutable_graph()->add_input();
  x->set_name("x");
  auto* type = x->mutable_type()->mutable_tensor_type();
  type->set_elem_type(TensorProto::FLOAT);
  type->mutable_shape();
  for (const std::int64_t extent : input) {
    auto* dim = type->mutable_shape()->add_dim();
    if (extent < 0) {
      dim->set_dim_param("n");
    } else {
      dim->set_dim_value(extent);
    }
  }
  model_.mutable_graph()->add_output()->set_name("y");
}

OnnxModel& OnnxModel::reals(const std::string& name, const Ints& dims, const Floats& values) {
  TensorProto* tensor = model_.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(TensorProto::FLOAT);
  for (const std::int64_t extent : dims) tensor->add_dims(extent);
  for (const float value : values) tensor->add_float_data(value);
  return *this;
}

OnnxModel& OnnxModel::integers(const std::string& name, const Ints& values) {
  TensorProto* tensor = model_.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(TensorProto::INT64);
  tensor->add_dims(static_cast<std::int64_t>(values.size()));
  for (const std::int64_t value : values) tensor->add_int64_data(value);
  return *this;
}

OnnxModel& OnnxModel::integer(const std::string& name, std::int64_t value) {
  integers(name, {value});
  model_.mutable_graph()->mutable_initializer()->rbegin()->clear_dims();
  return *this;
}

OnnxNode OnnxModel::node(const std::string& op, const Names& inputs, const std::string& output,
                         const std::string& name) {
  auto* node = model_.mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(name);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return OnnxNode(node);
}

std::string OnnxModel::bytes() const { return model_.SerializeAsString(); }

Graph OnnxModel::import() const {
  OnnxImport result = onnx_import::import_onnx_bytes(bytes(), "test.onnx", "");
  validate_or_throw(result.graph, converter_schemas(), "test.onnx");
  return std::move(result.graph);
}

std::vector<std::string> OnnxModel::notes() const {
  std::vector<std::string> texts;
  for (const Fault& note : onnx_import::import_onnx_bytes(bytes(), "test.onnx", "").notes)
    texts.push_back(note.where + ": " + note.what);
  return texts;
}

std::vector<std::string> OnnxModel::faults() const {
  std::vector<std::string> texts;
  try {
    import();
  } catch (const InputError& error) {
    for (const Fault& fault : error.faults()) texts.push_back(fault.where + ": " + fault.what);
  }
  return texts;
}

void import_with_any_byte_changed(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        onnx_import::import_onnx_bytes(damaged, "flipped.onnx", "");
      } catch (const InputError&) {
      }
    }
  }
}

SchemaSet converter_schemas() {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  schemas.add(qcfs_schema());
  schemas.add(relu_schema());
  schemas.add(sign_schema());
  schemas.add(if_schema());
  for (const MultiThreshold kind :
       {MultiThreshold::signed_if, MultiThreshold::mtif, MultiThreshold::sigma_delta})
    schemas.add(multi_threshold_schema(kind));
  return schemas;
}

ShapeMap shapes_of(const Graph& graph) { return validate_or_throw(graph, converter_schemas(), "graph"); }

std::string ops_of(const Graph& graph) {
  std::string text;
  for (const int index : topological_order(graph)) {
    text += (text.empty() ? "" : " ") + graph.nodes[static_cast<std::size_t>(index)].op;
  }
  return text;
}

const Node& only(const Graph& graph, const std::string& op) {
  const Node* found = nullptr;
  for (const Node& node : graph.nodes) {
    if (node.op != op) continue;
    if (found != nullptr) throw std::runtime_error("two nodes of op " + op);
    found = &node;
  }
  if (found == nullptr) throw std::runtime_error("no node of op " + op);
  return *found;
}

}  // namespace rheobase::test

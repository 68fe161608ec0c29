#include "converters/onnx/export/export_writer.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <bit>

namespace rheobase::onnx_export {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX stores little-endian bytes");

using ::onnx::TensorProto;

template <class T>
void fill(TensorProto& tensor, const std::string& name, int type, const Shape& dims,
          std::span<const T> values) {
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t extent : dims) tensor.add_dims(extent);
  tensor.set_raw_data(values.data(), values.size_bytes());
}

void describe(::onnx::ValueInfoProto& info, const std::string& name, const Shape& shape) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t extent : shape) type.mutable_shape()->add_dim()->set_dim_value(extent);
}

}  // namespace

OnnxWriter::OnnxWriter(::onnx::GraphProto& proto, const Graph& graph) : proto_(proto) {
  for (const Node& node : graph.nodes) {
    names_.insert(node.name);
    values_[node.name] = node.name;
  }
}

std::string OnnxWriter::unused(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

::onnx::NodeProto& OnnxWriter::node(const std::string& op, const Names& inputs, const std::string& output,
                                    const std::string& name) {
  ::onnx::NodeProto& node = *proto_.add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

std::string OnnxWriter::reals(const std::string& wanted, const Shape& dims, std::span<const float> values) {
  std::string name = unused(wanted);
  fill(*proto_.add_initializer(), name, TensorProto::FLOAT, dims, values);
  return name;
}

std::string OnnxWriter::integers(const std::string& wanted, const Integers& values) {
  std::string name = unused(wanted);
  fill(*proto_.add_initializer(), name, TensorProto::INT64, {static_cast<std::int64_t>(values.size())},
       std::span(values));
  return name;
}

void OnnxWriter::add_input(const std::string& name, const Shape& shape) {
  describe(*proto_.add_input(), name, shape);
}

void OnnxWriter::add_output(const std::string& name, const Shape& shape) {
  describe(*proto_.add_output(), name, shape);
}

void set_attribute(::onnx::NodeProto& node, const char* name, std::int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(::onnx::AttributeProto::INT);
  attribute.set_i(value);
}

void set_attribute(::onnx::NodeProto& node, const char* name, const Integers& values) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(::onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

}  // namespace rheobase::onnx_export

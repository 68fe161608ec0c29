#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/graph/graph.h"

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace rheobase::onnx_export {

using Integers = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

/// An ONNX graph that grows. A node of ours, and the value it computes, keep its name; what is added for it
/// is called after it.
class OnnxWriter {
 public:
  /// `proto` is empty and outlives the writer; the names of `graph` are taken.
  OnnxWriter(::onnx::GraphProto& proto, const Graph& graph);

  /// `wanted`, or what is free of `wanted_2`, `wanted_3`, ...
  std::string unused(const std::string& wanted);
  /// The value that a node of ours computes.
  const std::string& value(const std::string& node) const { return values_.at(node); }
  void set_value(const std::string& node, const std::string& value) { values_[node] = value; }

  ::onnx::NodeProto& node(const std::string& op, const Names& inputs, const std::string& output,
                          const std::string& name);
  /// Constants under an unused name like `wanted`, which they return.
  std::string reals(const std::string& wanted, const Shape& dims, std::span<const float> values);
  std::string integers(const std::string& wanted, const Integers& values);
  std::string real(const std::string& wanted, float value) { return reals(wanted, {}, {&value, 1}); }

  /// A graph input or output of float32, N and then `shape`.
  void add_input(const std::string& name, const Shape& shape);
  void add_output(const std::string& name, const Shape& shape);

 private:
  ::onnx::GraphProto& proto_;
  std::set<std::string> names_;
  std::map<std::string, std::string> values_;
};

void set_attribute(::onnx::NodeProto& node, const char* name, std::int64_t value);
void set_attribute(::onnx::NodeProto& node, const char* name, const Integers& values);

}  // namespace rheobase::onnx_export

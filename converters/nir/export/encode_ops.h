#pragma once

#include <string>
#include <vector>

#include "converters/nir/file/nir_graph.h"
#include "sim/graph/validate.h"

namespace rheobase::nir {

/// A node of a validated graph, to be written.
struct EncodeCall {
  const Node& node;
  const ShapeMap& shapes;
  double dt;  ///< length of a step

  const Shape& shape() const { return shapes.at(node.name); }
  const Shape& input_shape() const { return shapes.at(node.inputs.at(0)); }
};

/// Type and parameters of the NIR node. Throws InputError, whose fault is the node's.
using Encode = NirNode (*)(const EncodeCall&);

/// nullptr for an op without a NIR counterpart.
Encode find_encode(const std::string& op);
/// Sorted, for messages.
std::vector<std::string> encoded_ops();

/// One number, or one a channel, for every value of `shape`, as float32. Throws InputError naming `node`
/// where one is beyond that.
Value everywhere(const std::string& node, const Shape& shape, const std::vector<double>& values);
/// A tensor's numbers.
std::vector<double> numbers_of(const Tensor& tensor);
Value integers(const std::vector<std::int64_t>& values);
Value integer(std::int64_t value);

/// A Scale by `values`, one number or one a channel.
NirNode scale_node(const std::string& name, const Shape& shape, const std::vector<double>& values);
/// A SumPool2d of the windows of an AvgPool2d.
NirNode sum_pool_node(const EncodeCall& pool);

NirNode encode_burst_lif(const EncodeCall& call);
NirNode encode_general_lif(const EncodeCall& call);
NirNode encode_if(const EncodeCall& call);
NirNode encode_li(const EncodeCall& call);
NirNode encode_lif(const EncodeCall& call);

}  // namespace rheobase::nir

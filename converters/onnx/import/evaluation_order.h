#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace onnx {
class GraphProto;
}

namespace rheobase::onnx_import {

/// The ONNX nodes that the output depends on.
struct EvaluationOrder {
  std::vector<int> nodes;           ///< indices, producers first
  std::map<std::string, int> uses;  ///< how often each value is read by them or is the output
  std::vector<Fault> faults;        ///< values produced twice, cycles
};

EvaluationOrder evaluation_order(const ::onnx::GraphProto& graph, const std::string& output);

}  // namespace rheobase::onnx_import

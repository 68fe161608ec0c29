#include "converters/onnx/import/unsupported.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace rheobase::onnx_import {
namespace {

constexpr std::string_view documentation = "docs/reference/onnx.md lists the operators that are";

/// Functions of one number that networks use as activations.
constexpr std::array<std::string_view, 22> activations{
    "Acos",        "Asin",      "Atan", "Celu",           "Cos", "Elu",  "Erf",     "Exp", "Gelu",
    "HardSigmoid", "HardSwish", "Log",  "Mish",           "Pow", "Selu", "Sigmoid", "Sin", "Softplus",
    "Softsign",    "Sqrt",      "Tanh", "ThresholdedRelu"};

/// Ops that normalise by what they read.
constexpr std::array<std::string_view, 6> normalisations{"GroupNormalization",        "InstanceNormalization",
                                                         "LayerNormalization",        "LpNormalization",
                                                         "MeanVarianceNormalization", "RMSNormalization"};

constexpr std::array<std::string_view, 7> recurrent{"GRU", "If",   "LSTM",       "Loop",
                                                    "RNN", "Scan", "SequenceMap"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> reasons{{
    {"Abs", "no activation here: Abs(x) = Relu(x) + Relu(-x) can be exported instead"},
    {"Attention", "attention multiplies activations with each other; convolutional networks are supported"},
    {"ConvTranspose", "classifiers are supported, with layers that keep or reduce the image"},
    {"Einsum", "export it as MatMul with a constant matrix, or as Conv"},
    {"GatherND", "export without indexing into activations; Slice is supported"},
    {"Gather", "export without indexing into activations; Slice is supported"},
    {"LRN", "normalises by what it reads; retrain with batch norm, which is folded"},
    {"MultiHeadAttention",
     "attention multiplies activations with each other; convolutional networks are supported"},
    {"ReduceMax", "export GlobalMaxPool"},
    {"ReduceSum", "export an average pool with a factor behind it"},
    {"Resize", "train and export with the size that is needed"},
    {"Split", "export Slice nodes"},
}};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& ops, std::string_view op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

std::string reason(const std::string& op) {
  if (is_among(activations, op))
    return "has no spiking form as an activation: retrain with ReLU or QCFS, or with Sign for "
           "'--to bnn'";
  if (is_among(normalisations, op))
    return "normalises by what it reads: retrain with batch norm, which is folded";
  if (is_among(recurrent, op)) return "a graph without control flow is needed";
  if (op.ends_with("Integer") || op.find("QLinear") != std::string::npos || op == "DynamicQuantizeLinear")
    return "export the float model, or quantise to QuantizeLinear and DequantizeLinear (QDQ)";
  for (const auto& [name, text] : reasons) {
    if (op == name) return std::string(text);
  }
  return std::string(documentation);
}

}  // namespace

std::string unsupported(const std::string& op) {
  return fmt::format("op {} is not supported: {}", op, reason(op));
}

std::string unsupported_on_activations(const std::string& op) {
  return fmt::format("op {} is not supported on activations: {}", op, reason(op));
}

}  // namespace rheobase::onnx_import

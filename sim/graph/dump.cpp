#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "sim/core/hash.h"
#include "sim/graph/graph.h"

namespace rheobase {
namespace {

struct AttributeText {
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{:#.9g}", value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::int64_t>& value) const {
    return fmt::format("({})", fmt::join(value, ","));
  }
};

// Of the float32 that has this value, whatever type holds it: a graph has one text. An integer that no
// float32 is counts by its double.
std::uint64_t bits_of(double value) {
  const auto real = static_cast<float>(value);
  return double{real} != value && !std::isnan(value) ? std::bit_cast<std::uint64_t>(value)
                                                     : std::bit_cast<std::uint32_t>(real);
}

std::string tensor_text(const Tensor& tensor) {
  const int digits = tensor.type() == ValueType::float32 ? 9 : 10;  // as many as tell two values apart
  if (tensor.size() == 1) return fmt::format("{:.{}g}", tensor.at(0), digits);
  std::uint64_t digest = 0;
  tensor.for_each([&](double value) { digest = mix64(digest ^ bits_of(value)); });
  return fmt::format("{}:{:016x}", to_string(tensor.shape), digest);
}

}  // namespace

// Model files keep the SHA-256 of this text (`network_sha256`): another text for the same graph makes every
// stored stop rule one of another network.
std::string dump(const Graph& graph) {
  std::string text;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    text += fmt::format("{} = {}({})", node.name, node.op, fmt::join(node.inputs, ", "));
    const char* separator = " {";
    for (const auto& [key, value] : node.attributes) {
      text += fmt::format("{}{}={}", separator, key, std::visit(AttributeText{}, value));
      separator = " ";
    }
    if (!node.attributes.empty()) text += "}";
    separator = " [";
    for (const auto& [key, value] : node.tensors) {
      text += fmt::format("{}{}={}", separator, key, tensor_text(value));
      separator = " ";
    }
    if (!node.tensors.empty()) text += "]";
    text += "\n";
  }
  return text;
}

}  // namespace rheobase

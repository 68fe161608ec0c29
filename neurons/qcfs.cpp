#include "neurons/qcfs.h"

#include <fmt/format.h>

#include <utility>

#include "neurons/spiking_parameters.h"

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  expect_per_channel(node, "lambda", inputs[0][0], faults);
  expect_positive(node, "lambda", faults);
  const std::int64_t levels = node.integer("L", 0);
  if (levels < 1 || levels > (1 << 20)) {
    faults.push_back({node.name, fmt::format("L is {}, expected 1 to 2^20", levels)});
  }
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

QcfsParameters QcfsParameters::of(const Node& node) {
  return {node.tensors.at("lambda"), node.integer("L", 0)};
}

Node QcfsParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "QCFS", {std::move(input)}, {}, {}};
  node.attributes["L"] = levels;
  node.tensors["lambda"] = lambda;
  return node;
}

OpSchema qcfs_schema() {
  OpSchema schema{"QCFS", Role::neuron, 1, 1, {{"L", std::int64_t{0}, true}}, {{"lambda"}}, infer};
  schema.is_monotone = true;
  return schema;
}

}  // namespace rheobase

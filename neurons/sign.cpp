#include "neurons/sign.h"

#include <utility>

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node&, std::span<const Shape> inputs, Faults&) { return inputs[0]; }

}  // namespace

Node sign_node(std::string name, std::string input) {
  return {std::move(name), "Sign", {std::move(input)}, {}, {}};
}

OpSchema sign_schema() { return {"Sign", 1, 1, {}, {}, infer}; }

}  // namespace rheobase

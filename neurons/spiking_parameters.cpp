#include "neurons/spiking_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rheobase {
namespace {

std::optional<Reset> parse_reset(const std::string& word) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    if (word == to_string(reset)) return reset;
  }
  return std::nullopt;
}

std::string reset_word(const Node& node) { return node.word("reset", "subtract"); }

}  // namespace

const char* to_string(Reset reset) {
  switch (reset) {
    case Reset::subtract:
      return "subtract";
    case Reset::zero:
      return "zero";
    case Reset::none:
      return "none";
  }
  throw InternalError("not a reset rule");
}

Reset reset_of(const Node& node) { return parse_reset(reset_word(node)).value(); }

void expect_reset(const Node& node, Faults& faults) {
  const std::string reset = reset_word(node);
  if (parse_reset(reset)) return;
  faults.push_back({node.name, fmt::format("reset is '{}', expected subtract, zero or none", reset)});
}

void expect_within(const Node& node, const std::string& tensor, double low, double high, Faults& faults) {
  const Tensor* found = node.tensor(tensor);
  for (std::size_t i = 0; found != nullptr && i < found->size(); ++i) {
    if (found->at(i) >= low && found->at(i) <= high) continue;
    faults.push_back(
        {node.name, fmt::format("{} is {}, expected {} to {}", tensor, found->at(i), low, high)});
    return;
  }
}

void expect_positive(const Node& node, const std::string& tensor, Faults& faults) {
  const Tensor* found = node.tensor(tensor);
  if (found == nullptr) return;
  for (std::size_t i = 0; i < found->size(); ++i) {
    if (found->at(i) > 0) continue;
    faults.push_back({node.name, fmt::format("{} is {}, expected more than 0", tensor, found->at(i))});
    return;
  }
}

std::vector<float> spread(const Tensor& tensor, std::int64_t channels) {
  if (tensor.size() == 1) return std::vector<float>(channels, tensor.reals()[0]);
  return tensor.reals();
}

}  // namespace rheobase

#include "neurons/leak.h"

#include <fmt/format.h>

#include <cmath>

#include "neurons/lif_step.h"

namespace rheobase {

AttributeSpec decay_shift_spec() {
  return {"decay_shift", std::int64_t{0}, false, Potential::none, lif_decay_bits};
}

// In float32 arithmetic there is no `decay_shift`, and a decay is 0 to 1.
void expect_decay(const Node& node, Faults& faults) {
  const double one = std::ldexp(1.0, static_cast<int>(node.integer("decay_shift", 0)));
  const Tensor& decay = node.tensors.at("decay");
  for (std::size_t i = 0; i < decay.size(); ++i) {
    if (decay.at(i) >= 0 && decay.at(i) <= one) continue;
    faults.push_back({node.name, fmt::format("decay is {}, expected 0 to {}", decay.at(i), one)});
    return;
  }
}

void make_decay_fixed(Node& node) {
  Tensor& decay = node.tensors.at("decay");
  std::vector<std::int32_t> integers;
  for (const float value : decay.reals())
    integers.push_back(static_cast<std::int32_t>(std::round(std::ldexp(value, lif_decay_bits))));
  decay = Tensor(decay.shape, std::move(integers));
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
}

std::int32_t fixed_decay_of(const Node& node, std::int64_t channel) {
  const auto decay = static_cast<std::int32_t>(node.tensors.at("decay").of_channel(channel));
  return decay << (lif_decay_bits - node.integer("decay_shift", 0));
}

std::int64_t leaky_reach(std::int32_t decay, std::int64_t current) {
  const std::int64_t one = std::int64_t{1} << lif_decay_bits;
  return (2 * current + 1) * one / (2 * (one - decay));
}

}  // namespace rheobase

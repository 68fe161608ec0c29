#include "sim/graph/channel_origins.h"

#include "sim/graph/structural_ops.h"

namespace rheobase {

std::vector<std::optional<Origin>> channel_origins(const Node& node, const ShapeMap& shapes) {
  const std::int64_t channels = shapes.at(node.name)[0];
  const Shape& input = shapes.at(node.inputs[0]);
  std::vector<std::optional<Origin>> origins;
  if (node.op == "Concat") {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      for (std::int64_t c = 0; c < shapes.at(node.inputs[i])[0]; ++c) origins.emplace_back(Origin{i, c});
    }
    return origins;
  }
  const std::int64_t per_channel = node.op == "Flatten" ? element_count(input) / input[0] : 1;
  const std::int64_t before = node.op == "Pad" ? node.integers("before", {}).at(0) : 0;
  const auto slice = node.op == "Slice" ? slice_attributes(node) : SliceAttributes{{0}, {}, {1}};
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t from = slice.start[0] + c * slice.step[0] / per_channel - before;
    const bool inside = from >= 0 && from < input[0];
    origins.push_back(inside ? std::optional(Origin{0, from}) : std::nullopt);
  }
  return origins;
}

}  // namespace rheobase

#include "converters/onnx/fold/constant.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase::onnx_import {

std::int64_t Constant::size() const {
  return std::visit([](const auto& values) { return static_cast<std::int64_t>(values.size()); }, data);
}

Constant integer_list(Integers values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return {{count}, std::move(values)};
}

const Integers& integers_of(const Constant& constant, const std::string& what) {
  const auto* values = std::get_if<Integers>(&constant.data);
  if (values == nullptr) throw NodeFault(fmt::format("{} is not a tensor of integers", what));
  return *values;
}

Reals reals_of(const Constant& constant) {
  if (const auto* values = std::get_if<Reals>(&constant.data)) return *values;
  const auto& values = std::get<Integers>(constant.data);
  return {values.begin(), values.end()};
}

std::vector<float> to_floats(const Reals& values, const std::string& what) {
  std::vector<float> floats(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    floats[i] = static_cast<float>(values[i]);
    if (!std::isfinite(floats[i])) {
      throw NodeFault(
          fmt::format("{} holds {} at index {}, which is not a finite float32", what, values[i], i));
    }
  }
  return floats;
}

Tensor to_tensor(const Constant& constant, const std::string& what) {
  if (const auto* values = std::get_if<Reals>(&constant.data))
    return {constant.shape, to_floats(*values, what)};
  return {constant.shape, to_floats(reals_of(constant), what)};
}

std::int64_t FoldBudget::take(const Shape& shape) {
  constexpr std::size_t max_rank = 16;
  if (shape.size() > max_rank) throw NodeFault(fmt::format("a constant of rank {}", shape.size()));
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw NodeFault(fmt::format("a constant of shape {}", to_string(shape)));
    if (extent > 0 && count > left_ / extent) {
      throw NodeFault(
          fmt::format("a constant of shape {} is out of proportion to the file", to_string(shape)));
    }
    count *= extent;
  }
  left_ -= count;
  return count;
}

}  // namespace rheobase::onnx_import

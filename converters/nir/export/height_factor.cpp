#include "converters/nir/export/height_factor.h"

#include <utility>

namespace rheobase::nir {

HeightFactor flattened(const HeightFactor& factor) {
  const std::int64_t size = element_count(factor.shape);
  HeightFactor result{{size}, factor.values};
  if (factor.values.size() == 1) return result;
  result.values.clear();
  const std::int64_t channels = factor.shape.at(0);
  for (std::int64_t c = 0; c < channels; ++c)
    result.values.insert(result.values.end(), static_cast<std::size_t>(size / channels),
                         factor.of_channel(c));
  return result;
}

HeightFactor reshaped(HeightFactor factor, const Shape& shape) {
  factor.shape = shape;
  return factor;
}

Value with_factor(const Value& weight, std::int64_t groups, const HeightFactor& factor) {
  Value result = weight;
  auto& values = std::get<std::vector<double>>(result.values);
  const std::int64_t outputs = weight.shape.at(0), inputs = weight.shape.at(1);
  const std::int64_t taps = static_cast<std::int64_t>(values.size()) / (outputs * inputs);
  auto value = values.begin();
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t first = o / (outputs / groups) * inputs;  // of the group's channels
    for (std::int64_t i = 0; i < inputs * taps; ++i, ++value)
      *value = static_cast<float>(*value) * static_cast<float>(factor.of_channel(first + i / taps));
  }
  return result;
}

Value with_factor(const Value& numbers, const HeightFactor& factor) {
  Value result = numbers;
  auto& values = std::get<std::vector<double>>(result.values);
  const std::size_t pixels = values.size() / static_cast<std::size_t>(factor.shape.at(0));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto channel = static_cast<std::int64_t>(i / pixels);
    values[i] = static_cast<float>(values[i]) * static_cast<float>(factor.of_channel(channel));
  }
  return result;
}

}  // namespace rheobase::nir

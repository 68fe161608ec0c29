#include "sim/engine/input_encoder.h"

#include <cmath>
#include <string>

#include "sim/core/error.h"
#include "sim/core/rng.h"

namespace rheobase {
namespace {

std::vector<float> per_channel(const Node& input, const char* key, std::int64_t channels, float otherwise) {
  const Tensor* tensor = input.tensor(key);
  if (tensor == nullptr) return std::vector<float>(channels, otherwise);
  if (tensor->values.size() == 1) return std::vector<float>(channels, tensor->values[0]);
  return tensor->values;
}

}  // namespace

Coding parse_coding(const std::string& name) {
  if (name == "direct") return Coding::direct;
  if (name == "poisson") return Coding::poisson;
  throw InputError("--coding", name, "expected direct or poisson");
}

InputEncoder::InputEncoder(const Node& input, const ImageShape& shape, Coding coding, std::uint64_t seed)
    : shape_(shape),
      coding_(coding),
      seed_(seed),
      fixed_scale_(std::ldexp(1.0F, static_cast<int>(input.integer("fraction_bits", 0)))),
      mean_(per_channel(input, "mean", shape.channels, 0.0F)),
      std_(per_channel(input, "std", shape.channels, 1.0F)) {}

float InputEncoder::value(float pixel, std::uint64_t sample, std::uint64_t step, std::int64_t index) const {
  if (coding_ == Coding::poisson) pixel = uniform(seed_, sample, step, index) < pixel ? 1.0F : 0.0F;
  const std::int64_t c = index / shape_.pixels();
  return (pixel - mean_[c]) / std_[c];
}

void InputEncoder::encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step,
                          float* out) const {
  for (std::int64_t i = 0; i < shape_.size(); ++i) {
    const std::int64_t place = i % shape_.pixels() * shape_.channels + i / shape_.pixels();
    out[place] = value(pixels[i], sample, step, i);
  }
}

void InputEncoder::encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step,
                          std::int16_t* out) const {
  for (std::int64_t i = 0; i < shape_.size(); ++i) {
    const std::int64_t place = i % shape_.pixels() * shape_.channels + i / shape_.pixels();
    const float x = value(pixels[i], sample, step, i);
    const float fixed = std::nearbyint(x * fixed_scale_);
    if (!(std::abs(fixed) <= static_cast<float>(largest_fixed))) {
      throw InputError("sample", std::to_string(sample),
                       "the normalised value " + std::to_string(x) + " is beyond the range +-" +
                           std::to_string(static_cast<float>(largest_fixed) / fixed_scale_) +
                           " of the model's fixed-point input");
    }
    out[place] = static_cast<std::int16_t>(fixed);
  }
}

}  // namespace rheobase

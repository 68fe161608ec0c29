#include "sim/engine/input_encoder.h"

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
      mean_(per_channel(input, "mean", shape.channels, 0.0F)),
      std_(per_channel(input, "std", shape.channels, 1.0F)) {}

void InputEncoder::encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step,
                          float* out) const {
  for (std::int64_t c = 0; c < shape_.channels; ++c) {
    for (std::int64_t p = 0; p < shape_.pixels(); ++p) {
      const std::int64_t index = c * shape_.pixels() + p;
      float x = pixels[index];
      if (coding_ == Coding::poisson) x = uniform(seed_, sample, step, index) < x ? 1.0F : 0.0F;
      out[p * shape_.channels + c] = (x - mean_[c]) / std_[c];
    }
  }
}

}  // namespace rheobase

#include "sim/graph/tensor.h"

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// Whether a type holds this number.
template <class Number>
bool holds(double value) {
  if constexpr (std::is_same_v<Number, float>) {
    return !(static_cast<double>(static_cast<float>(value)) != value);  // NaN too
  } else {
    return value == std::trunc(value) && value >= std::numeric_limits<Number>::min() &&
           value <= std::numeric_limits<Number>::max();
  }
}

template <class Number>
std::optional<Tensor> converted(const Tensor& from) {
  std::vector<Number> values(from.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = from.at(i);
    if (!holds<Number>(value)) return std::nullopt;
    values[i] = static_cast<Number>(value);
  }
  return Tensor(from.shape, std::move(values));
}

std::optional<Tensor> converted_to_signs(const Tensor& from) {
  Signs signs(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double value = from.at(i);
    if (std::abs(value) != 1.0) return std::nullopt;
    signs.set(i, value > 0.0);
  }
  return Tensor(from.shape, std::move(signs));
}

}  // namespace

Signs::Signs(std::size_t size, std::vector<std::uint8_t> bytes) : size_(size), bytes_(std::move(bytes)) {
  if (bytes_.size() != (size + 7) / 8) throw InternalError("not a bit for every sign");
}

const char* to_string(ValueType type) {
  constexpr const char* names[] = {"float32", "int8", "int32", "bits"};
  return names[static_cast<std::size_t>(type)];
}

Tensor scalar_tensor(float value) { return {{1}, {value}}; }

Tensor::Tensor(Shape shape, std::vector<float> values)
    : shape(std::move(shape)), values_(std::move(values)) {}

std::size_t Tensor::size() const {
  return std::visit([](const auto& values) { return values.size(); }, values_);
}

std::size_t Tensor::bytes() const {
  if (type() == ValueType::bits) return signs().bytes().size();
  return size() * (type() == ValueType::int8 ? 1 : 4);
}

double Tensor::at(std::size_t index) const {
  return std::visit([=](const auto& values) { return static_cast<double>(values[index]); }, values_);
}

std::optional<Tensor> Tensor::as(ValueType wanted) const {
  if (wanted == type()) return *this;
  switch (wanted) {
    case ValueType::float32:
      return converted<float>(*this);
    case ValueType::int8:
      return converted<std::int8_t>(*this);
    case ValueType::int32:
      return converted<std::int32_t>(*this);
    case ValueType::bits:
      return converted_to_signs(*this);
  }
  throw InternalError("not a type of values");
}

void Tensor::throw_other_type() const {
  throw InternalError(std::string("a tensor of ") + to_string(type()) + " is read as another type");
}

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/shape.h"

namespace rheobase {

/// Numbers that are +1 or -1, a bit each: number i is bit i % 8 of byte i / 8, set for +1. Bits beyond the
/// last number are clear. Model files hold the same bytes (docs/reference/model-file.md).
class Signs {
 public:
  Signs() = default;
  /// All -1.
  explicit Signs(std::size_t size) : Signs(size, std::vector<std::uint8_t>((size + 7) / 8)) {}
  /// Of these bytes; InternalError where they are not as many as they should be.
  Signs(std::size_t size, std::vector<std::uint8_t> bytes);
  /// The signs of numbers; 0 or more is +1.
  template <class Number>
  static Signs of(const std::vector<Number>& numbers) {
    Signs signs(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) signs.set(i, !(numbers[i] < 0));
    return signs;
  }

  std::size_t size() const { return size_; }
  /// +1 or -1
  std::int8_t operator[](std::size_t index) const {
    return (bytes_[index / 8] >> index % 8 & 1U) != 0 ? 1 : -1;
  }
  void set(std::size_t index, bool positive) {
    const auto bit = static_cast<std::uint8_t>(1U << index % 8);
    bytes_[index / 8] =
        static_cast<std::uint8_t>(positive ? bytes_[index / 8] | bit : bytes_[index / 8] & ~bit);
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  bool operator==(const Signs&) const = default;

 private:
  std::size_t size_ = 0;
  std::vector<std::uint8_t> bytes_;
};

/// What a tensor holds its values as: reals, the integers of fixed arithmetic, or signs alone.
enum class ValueType : std::uint8_t { float32, int8, int32, bits };
const char* to_string(ValueType type);

/// Dense values in row-major order; a node's weights or a neuron's parameters. Which type a node's tensor has
/// follows from its schema and the graph's arithmetic (arithmetic.h, value_type()).
class Tensor {
 public:
  using Values = std::variant<std::vector<float>, std::vector<std::int8_t>, std::vector<std::int32_t>, Signs>;

  Tensor() = default;
  Tensor(Shape shape, std::vector<float> values);
  /// Of another type: std::vector<std::int8_t>, std::vector<std::int32_t> or Signs.
  template <class Integers>
  Tensor(Shape shape, Integers values) : shape(std::move(shape)), values_(std::move(values)) {}

  ValueType type() const { return static_cast<ValueType>(values_.index()); }
  std::size_t size() const;
  std::size_t bytes() const;
  /// Value `index`, exact whatever the type.
  double at(std::size_t index) const;
  /// Calls visit(value) for every value in order, exact whatever the type; faster than at().
  template <class Visit>
  void for_each(const Visit& visit) const {
    std::visit(
        [&](const auto& values) {
          for (std::size_t i = 0; i < values.size(); ++i) visit(static_cast<double>(values[i]));
        },
        values_);
  }
  /// Of a tensor of one number, or one a channel.
  double of_channel(std::int64_t channel) const {
    return at(size() == 1 ? 0 : static_cast<std::size_t>(channel));
  }

  /// The values of a tensor that is known to have this type; InternalError where it has another.
  const std::vector<float>& reals() const { return get<std::vector<float>>(); }
  std::vector<float>& reals() { return const_cast<std::vector<float>&>(std::as_const(*this).reals()); }
  const std::vector<std::int8_t>& int8s() const { return get<std::vector<std::int8_t>>(); }
  const std::vector<std::int32_t>& int32s() const { return get<std::vector<std::int32_t>>(); }
  const Signs& signs() const { return get<Signs>(); }
  const Values& values() const { return values_; }

  /// The same values as another type, where -0 is 0; nothing where that has not all of them.
  std::optional<Tensor> as(ValueType type) const;

  bool operator==(const Tensor&) const = default;

  Shape shape;

 private:
  template <class List>
  const List& get() const {
    const auto* list = std::get_if<List>(&values_);
    if (list == nullptr) throw_other_type();
    return *list;
  }
  [[noreturn]] void throw_other_type() const;

  Values values_;
};

/// A tensor of shape {1}.
Tensor scalar_tensor(float value);

}  // namespace rheobase

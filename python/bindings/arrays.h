#pragma once

#include <nanobind/ndarray.h>

#include <memory>
#include <span>
#include <vector>

#include "sim/core/shape.h"
#include "sim/op/input.h"

namespace rheobase::python {

namespace nb = nanobind;

/// Somebody else's numbers, in row-major order, and what keeps them alive. To be copied and destroyed under
/// the GIL.
template <class Number>
struct ArrayView {
  nb::ndarray<nb::ro> owner;
  Shape shape;
  std::span<const Number> values;
};

/// The memory of a NumPy array, a CPU tensor, or whatever else speaks DLPack or the buffer protocol: float32,
/// C-contiguous. TypeError, which says what to do, for anything else; nothing is converted or copied.
/// `argument` names it.
ArrayView<float> float_array(nb::handle array, const char* argument);

/// The same of int32 [N, 2], a row an event: its step 1, 2, ... and its place in C, H, W order.
ArrayView<std::int32_t> event_array(nb::handle array, const char* argument);
std::span<const InputEvent> events_of(const ArrayView<std::int32_t>& array);

/// A NumPy array of its own memory.
template <class Number>
nb::object to_numpy(std::unique_ptr<Number[]> values, const std::vector<std::size_t>& shape) {
  Number* const data = values.get();
  const nb::capsule owner(values.release(),
                          [](void* memory) noexcept { delete[] static_cast<Number*>(memory); });
  return nb::cast(nb::ndarray<nb::numpy, Number>(data, shape.size(), shape.data(), owner));
}

template <class Number>
nb::object to_numpy(std::span<const Number> values) {
  auto copy = std::make_unique<Number[]>(values.size());
  std::copy(values.begin(), values.end(), copy.get());
  return to_numpy(std::move(copy), {values.size()});
}

/// As Python writes it: (1, 28, 28).
nb::tuple to_tuple(const Shape& shape);

}  // namespace rheobase::python

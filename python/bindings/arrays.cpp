#include "python/bindings/arrays.h"

#include <fmt/format.h>

#include <nanobind/stl/string.h>

#include <string>

namespace rheobase::python {
namespace {

constexpr const char* kinds_of_arrays = "a NumPy array or a tensor in CPU memory";

std::string name_of_type(nb::handle value) { return nb::cast<std::string>(nb::str(nb::inst_name(value))); }

[[noreturn]] void refuse(const char* argument, const std::string& what) {
  throw nb::type_error(fmt::format("{}: {}", argument, what).c_str());
}

std::string dtype_name(nb::dlpack::dtype type) {
  switch (static_cast<nb::dlpack::dtype_code>(type.code)) {
    case nb::dlpack::dtype_code::Int:
      return fmt::format("int{}", type.bits);
    case nb::dlpack::dtype_code::UInt:
      return fmt::format("uint{}", type.bits);
    case nb::dlpack::dtype_code::Float:
      return fmt::format("float{}", type.bits);
    case nb::dlpack::dtype_code::Bool:
      return "bool";
    default:
      return "another type";
  }
}

nb::ndarray<nb::ro> any_array(nb::handle value, const char* argument) {
  nb::ndarray<nb::ro> array;
  if (!nb::try_cast(value, array, false)) {
    refuse(argument, fmt::format("expected {}, got {}; of a tensor with gradients or on another device give "
                                 "tensor.detach().cpu(), of a list numpy.array(list, numpy.float32)",
                                 kinds_of_arrays, name_of_type(value)));
  }
  if (array.device_type() != nb::device::cpu::value)
    refuse(argument, fmt::format("expected {}: give tensor.cpu()", kinds_of_arrays));
  return array;
}

bool is_contiguous(const nb::ndarray<nb::ro>& array) {
  std::int64_t expected = 1;
  for (std::size_t i = array.ndim(); i-- > 0;) {
    if (array.shape(i) != 1 && array.stride(i) != expected) return false;
    expected *= static_cast<std::int64_t>(array.shape(i));
  }
  return true;
}

template <class Number>
ArrayView<Number> array_of(nb::handle value, const char* argument, const char* type, const char* other_type) {
  nb::ndarray<nb::ro> array = any_array(value, argument);
  if (array.dtype() != nb::dtype<Number>())
    refuse(argument,
           fmt::format("expected {}, got {}: give {}", type, dtype_name(array.dtype()), other_type));
  if (array.size() > 0 && !is_contiguous(array))
    refuse(argument,
           "expected rows that lie one after another in memory: give numpy.ascontiguousarray(array) "
           "or tensor.contiguous()");
  Shape shape(array.shape_ptr(), array.shape_ptr() + array.ndim());
  const auto* data = static_cast<const Number*>(array.data());
  const std::size_t size = array.size();
  return {std::move(array), std::move(shape), {data, size}};
}

}  // namespace

ArrayView<float> float_array(nb::handle array, const char* argument) {
  return array_of<float>(
      array, argument, "float32",
      "array.astype(numpy.float32) or tensor.float(), and bytes divided by 255, where the network "
      "was trained on pixels in [0, 1]");
}

ArrayView<std::int32_t> event_array(nb::handle array, const char* argument) {
  auto events = array_of<std::int32_t>(array, argument, "int32, a row (step, place) an event",
                                       "array.astype(numpy.int32)");
  if (events.shape.size() != 2 || events.shape[1] != 2)
    refuse(argument, "expected a row (step, place) an event, of shape (N, 2)");
  return events;
}

std::span<const InputEvent> events_of(const ArrayView<std::int32_t>& array) {
  static_assert(sizeof(InputEvent) == 2 * sizeof(std::int32_t));
  return {reinterpret_cast<const InputEvent*>(array.values.data()), array.values.size() / 2};
}

nb::tuple to_tuple(const Shape& shape) {
  nb::list numbers;
  for (const std::int64_t extent : shape) numbers.append(extent);
  return nb::tuple(numbers);
}

}  // namespace rheobase::python

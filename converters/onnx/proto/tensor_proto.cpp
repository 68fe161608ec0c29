#include "converters/onnx/proto/tensor_proto.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "converters/onnx/proto/external_data.h"

namespace rheobase::onnx_import {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX stores little-endian bytes");

using ::onnx::TensorProto;

double from_float16(std::uint16_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 0x1f;
  const int mantissa = bits & 0x3ff;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent < 0x1f) return sign * std::ldexp(1024 + mantissa, exponent - 25);
  return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                       : std::numeric_limits<double>::quiet_NaN();
}

double from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::int64_t checked_int64(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw NodeFault(fmt::format("the value {} is beyond 2^63", value));
  }
  return static_cast<std::int64_t>(value);
}

/// How one element type is stored: as `Raw` in bytes, in one of the typed lists otherwise.
template <class Raw, class Out, class Convert>
Constant decode(const Shape& shape, std::string_view raw, bool is_raw, const auto& typed,
                const Convert& convert) {
  const auto count = static_cast<std::size_t>(element_count(shape));
  const std::size_t stored = is_raw ? raw.size() / sizeof(Raw) : static_cast<std::size_t>(typed.size());
  if (stored != count || (is_raw && raw.size() % sizeof(Raw) != 0)) {
    throw NodeFault(fmt::format("a tensor of shape {} needs {} values, {} are stored", to_string(shape),
                                count,
                                is_raw ? fmt::format("{} bytes", raw.size()) : fmt::to_string(stored)));
  }
  std::vector<Out> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    Raw element;
    if (is_raw) {
      std::memcpy(&element, raw.data() + i * sizeof(Raw), sizeof(Raw));
    } else {
      element = static_cast<Raw>(typed[static_cast<int>(i)]);
    }
    values[i] = convert(element);
  }
  return {shape, std::move(values)};
}

std::int64_t element_bytes(int type) {
  switch (type) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::INT16:
    case TensorProto::UINT16:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return 2;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 8;
    default:
      throw NodeFault(fmt::format(
          "element type {} is not supported; float, double, float16, bfloat16, bool and 8 to 64-bit integers "
          "are supported",
          type));
  }
}

std::int64_t parse_number(const std::string& key, const std::string& text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throw NodeFault(fmt::format("external data: {} is '{}', expected a number of bytes", key, text));
  }
  return value;
}

std::string external_bytes(const TensorProto& tensor, std::int64_t needed, const std::string& folder) {
  ExternalLocation location{{}, 0, needed};
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location.file = entry.value();
    if (entry.key() == "offset") location.offset = parse_number("offset", entry.value());
    if (entry.key() == "length") location.length = parse_number("length", entry.value());
  }
  if (location.length != needed) {
    throw NodeFault(fmt::format("external data '{}' gives {} bytes for a tensor of {} bytes", location.file,
                                location.length, needed));
  }
  return read_external(folder, location);
}

Constant decode_integers(const TensorProto& t, const Shape& shape, std::string_view raw, bool is_raw) {
  const auto same = [](auto value) { return static_cast<std::int64_t>(value); };
  switch (t.data_type()) {
    case TensorProto::BOOL:
      return decode<std::uint8_t, std::int64_t>(shape, raw, is_raw, t.int32_data(),
                                                [](auto v) { return std::int64_t{v != 0}; });
    case TensorProto::INT8:
      return decode<std::int8_t, std::int64_t>(shape, raw, is_raw, t.int32_data(), same);
    case TensorProto::UINT8:
      return decode<std::uint8_t, std::int64_t>(shape, raw, is_raw, t.int32_data(), same);
    case TensorProto::INT16:
      return decode<std::int16_t, std::int64_t>(shape, raw, is_raw, t.int32_data(), same);
    case TensorProto::UINT16:
      return decode<std::uint16_t, std::int64_t>(shape, raw, is_raw, t.int32_data(), same);
    case TensorProto::INT32:
      return decode<std::int32_t, std::int64_t>(shape, raw, is_raw, t.int32_data(), same);
    case TensorProto::UINT32:
      return decode<std::uint32_t, std::int64_t>(shape, raw, is_raw, t.uint64_data(), same);
    case TensorProto::UINT64:
      return decode<std::uint64_t, std::int64_t>(shape, raw, is_raw, t.uint64_data(), checked_int64);
    default:
      return decode<std::int64_t, std::int64_t>(shape, raw, is_raw, t.int64_data(), same);
  }
}

Constant read_values(const TensorProto& tensor, const std::string& folder) {
  const Shape shape(tensor.dims().begin(), tensor.dims().end());
  const bool external = tensor.data_location() == TensorProto::EXTERNAL;
  const std::int64_t needed = element_count(shape) * element_bytes(tensor.data_type());
  const std::string file_bytes = external ? external_bytes(tensor, needed, folder) : std::string();
  const std::string_view raw = external ? file_bytes : std::string_view(tensor.raw_data());
  const bool is_raw = external || tensor.has_raw_data();
  const auto same = [](auto value) { return static_cast<double>(value); };
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return decode<float, double>(shape, raw, is_raw, tensor.float_data(), same);
    case TensorProto::DOUBLE:
      return decode<double, double>(shape, raw, is_raw, tensor.double_data(), same);
    case TensorProto::FLOAT16:
      return decode<std::uint16_t, double>(shape, raw, is_raw, tensor.int32_data(), from_float16);
    case TensorProto::BFLOAT16:
      return decode<std::uint16_t, double>(shape, raw, is_raw, tensor.int32_data(), from_bfloat16);
    default:
      return decode_integers(tensor, shape, raw, is_raw);
  }
}

}  // namespace

Constant read_tensor(const TensorProto& tensor, const std::string& folder) {
  Constant constant = read_values(tensor, folder);
  constant.type = tensor.data_type();
  return constant;
}

}  // namespace rheobase::onnx_import

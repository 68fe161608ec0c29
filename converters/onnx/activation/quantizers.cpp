#include "converters/onnx/activation/quantizers.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

namespace rheobase::onnx_import {
namespace {

using Rounding = QonnxLevels::Rounding;

Rounding rounding_of(const NodeView& node) {
  static constexpr std::array<std::pair<const char*, Rounding>, 8> modes{{
      {"ROUND", Rounding::half_even},
      {"HALF_EVEN", Rounding::half_even},
      {"HALF_UP", Rounding::half_up},
      {"HALF_DOWN", Rounding::half_down},
      {"CEIL", Rounding::ceil},
      {"FLOOR", Rounding::floor},
      {"UP", Rounding::up},
      {"DOWN", Rounding::down},
  }};
  std::string word = node.word("rounding_mode", "ROUND");
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (word == "ROUND_TO_ZERO") return Rounding::down;
  for (const auto& [name, rounding] : modes) {
    if (word == name) return rounding;
  }
  throw NodeFault(
      fmt::format("rounding_mode is '{}'; ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, CEIL, FLOOR, UP and "
                  "DOWN are supported",
                  word));
}

/// Halves away from 0 (up) or towards it (down).
double half_rounded(double u, bool is_up) {
  const double size = std::abs(u);
  return std::copysign(is_up ? std::floor(size + 0.5) : std::ceil(size - 0.5), u);
}

}  // namespace

LevelBounds integer_bounds(const NodeView& node, const Constant* zero_point) {
  const int given = zero_point != nullptr && zero_point->type != 0
                        ? zero_point->type
                        : static_cast<int>(node.integer("output_dtype", 0));
  switch (given) {
    case 0:
    case ::onnx::TensorProto::UINT8:
      return {0, 255};
    case ::onnx::TensorProto::INT8:
      return {-128, 127};
    case ::onnx::TensorProto::UINT16:
      return {0, 65535};
    case ::onnx::TensorProto::INT16:
      return {-32768, 32767};
    default:
      throw NodeFault(fmt::format(
          "quantises to element type {}; integers of 8 and 16 bits are supported, export the float "
          "model",
          given));
  }
}

void expect_whole_blocks(const NodeView& node) {
  if (node.integer("block_size", 0) != 0)
    throw NodeFault("has scales for blocks of an axis; one number or one for each index are supported");
}

double QonnxLevels::of(double u) const {
  if (is_bipolar) return u >= 0 ? 1 : -1;
  const double clipped = std::clamp(u, bounds.low, bounds.high);
  switch (rounding) {
    case Rounding::half_even:
      return std::nearbyint(clipped);
    case Rounding::half_up:
    case Rounding::half_down:
      return half_rounded(clipped, rounding == Rounding::half_up);
    case Rounding::ceil:
      return std::ceil(clipped);
    case Rounding::floor:
      return std::floor(clipped);
    case Rounding::up:
      return std::copysign(std::ceil(std::abs(clipped)), clipped);
    case Rounding::down:
      return std::trunc(clipped);
  }
  return clipped;
}

QonnxLevels qonnx_levels(const NodeView& node, const Constant& bit_width) {
  constexpr double widest = 32;
  const Reals given = reals_of(bit_width);
  const double bits = given.size() == 1 ? given[0] : 0;
  const bool is_whole = bits >= 1 && bits <= widest && bits == std::round(bits);
  if (!is_whole) throw NodeFault("has a bit width that is not one whole number from 1 to 32");
  const bool is_signed = node.integer("signed", 1) != 0;
  const double narrow = node.integer("narrow", 0) != 0 ? 1 : 0;
  QonnxLevels levels;
  levels.rounding = rounding_of(node);
  levels.is_bipolar = is_signed && bits == 1;
  levels.bounds = is_signed ? LevelBounds{-std::exp2(bits - 1) + narrow, std::exp2(bits - 1) - 1}
                            : LevelBounds{0, std::exp2(bits) - 1 - narrow};
  return levels;
}

}  // namespace rheobase::onnx_import

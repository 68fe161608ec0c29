#include "converters/onnx/import/snap_weights.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace rheobase::onnx_import {
namespace {

/// The rounding of float32 values up to 1 that cancel down to a magnitude of 0.01.
constexpr double tolerance = 1e-5;

void snap_channel(std::span<float> weights) {
  const auto less = [](float a, float b) { return std::abs(a) < std::abs(b); };
  const auto [low, high] = std::minmax_element(weights.begin(), weights.end(), less);
  const double least = std::abs(*low), most = std::abs(*high);
  if (least == most || most - least > tolerance * most) return;
  const auto magnitude = static_cast<float>((least + most) / 2);
  for (float& weight : weights) weight = std::copysign(magnitude, weight);
}

}  // namespace

void snap_binary_weights(Tensor& weight) {
  if (weight.reals().empty()) return;
  const std::size_t width = weight.size() / static_cast<std::size_t>(weight.shape.at(0));
  for (std::size_t begin = 0; begin < weight.size(); begin += width)
    snap_channel(std::span(weight.reals()).subspan(begin, width));
}

}  // namespace rheobase::onnx_import

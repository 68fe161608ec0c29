// Reductions over constant tensors: the scales of binary weights, means and deviations over them.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "converters/onnx/fold/fold.h"
#include "converters/onnx/fold/shape_math.h"

namespace rheobase::onnx_import {
namespace {

using Step = double (*)(double sum, double x);
using Finish = double (*)(double sum, double count);

/// The axes named by attribute or, in newer opsets, by an input; all of them where none are named, unless
/// the node then wants the tensor as it is.
Integers reduced_axes(const FoldCall& call, std::size_t rank) {
  const auto named = attribute_or_input(call.node, "axes", call.optional_input(1));
  if (named && !named->empty()) return resolve_axes(*named, rank);
  Integers all(rank);
  std::iota(all.begin(), all.end(), 0);
  return call.node.integer("noop_with_empty_axes", 0) != 0 ? Integers{} : all;
}

/// For each axis how far a step along it moves in the result: 0 along reduced ones.
Integers result_strides(const Shape& shape, const Integers& axes) {
  Integers strides(shape.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(axis)) != axes.end()) continue;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Constant reduce(const FoldCall& call, double start, Step step, Finish finish) {
  const Constant& source = call.input(0);
  const Integers axes = reduced_axes(call, source.shape.size());
  const Shape shape = reduced(source.shape, axes, call.node.integer("keepdims", 1) != 0);
  const Integers strides = result_strides(source.shape, axes);
  Reals result(static_cast<std::size_t>(call.budget.take(shape)), start);
  if (source.size() == 0) throw NodeFault("reduces a tensor without values");
  Integers index(source.shape.size(), 0);
  std::int64_t offset = 0;
  for (const double value : reals_of(source)) {
    double& sum = result[static_cast<std::size_t>(offset)];
    sum = step(sum, value);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < source.shape[axis]) break;
      offset -= strides[axis] * source.shape[axis];
      index[axis] = 0;
    }
  }
  const auto count = static_cast<double>(source.size()) / static_cast<double>(result.size());
  for (double& value : result) value = finish(value, count);
  if (source.is_real()) return {shape, std::move(result)};
  for (const double value : result) {
    if (!(std::abs(value) < 0x1p53)) throw NodeFault("integer arithmetic overflows");
  }
  return {shape, Integers(result.begin(), result.end())};
}

double plus(double sum, double x) { return sum + x; }
double plus_magnitude(double sum, double x) { return sum + std::abs(x); }
double plus_square(double sum, double x) { return sum + x * x; }
double most(double sum, double x) { return std::max(sum, x); }
double least(double sum, double x) { return std::min(sum, x); }
double as_is(double sum, double) { return sum; }
double over_count(double sum, double count) { return sum / count; }
double root(double sum, double) { return std::sqrt(sum); }

template <Step step, Finish finish>
Constant fold_sum(const FoldCall& call) {
  return reduce(call, 0, step, finish);
}

Constant fold_max(const FoldCall& call) {
  return reduce(call, -std::numeric_limits<double>::infinity(), most, as_is);
}

Constant fold_min(const FoldCall& call) {
  return reduce(call, std::numeric_limits<double>::infinity(), least, as_is);
}

constexpr std::array<std::pair<const char*, Fold>, 7> folds{{
    {"ReduceL1", fold_sum<plus_magnitude, as_is>},
    {"ReduceL2", fold_sum<plus_square, root>},
    {"ReduceMax", fold_max},
    {"ReduceMean", fold_sum<plus, over_count>},
    {"ReduceMin", fold_min},
    {"ReduceSum", fold_sum<plus, as_is>},
    {"ReduceSumSquare", fold_sum<plus_square, as_is>},
}};

}  // namespace

Fold find_reduce_fold(const std::string& op) {
  for (const auto& [name, fold] : folds) {
    if (op == name) return fold;
  }
  return nullptr;
}

}  // namespace rheobase::onnx_import

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "converters/onnx/fold/broadcast_cursor.h"
#include "converters/onnx/fold/fold.h"
#include "converters/onnx/fold/shape_math.h"

namespace rheobase::onnx_import {
namespace {

[[noreturn]] void throw_overflow() { throw NodeFault("integer arithmetic overflows"); }

struct AddOp {
  double operator()(double a, double b) const { return a + b; }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    std::int64_t result = 0;
    if (__builtin_add_overflow(a, b, &result)) throw_overflow();
    return result;
  }
};

struct SubOp {
  double operator()(double a, double b) const { return a - b; }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(a, b, &result)) throw_overflow();
    return result;
  }
};

struct MulOp {
  double operator()(double a, double b) const { return a * b; }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    std::int64_t result = 0;
    if (__builtin_mul_overflow(a, b, &result)) throw_overflow();
    return result;
  }
};

void check_divisor(std::int64_t a, std::int64_t b) {
  if (b == 0) throw NodeFault("divides an integer by 0");
  if (b == -1 && a == std::numeric_limits<std::int64_t>::min()) throw_overflow();
}

struct DivOp {
  double operator()(double a, double b) const { return a / b; }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    check_divisor(a, b);
    return a / b;
  }
};

struct ModOp {  // the sign of the divisor, as in Python
  double operator()(double a, double b) const { return std::fmod(a, b); }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    check_divisor(a, b);
    const std::int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
};

struct PowOp {
  double operator()(double a, double b) const { return std::pow(a, b); }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    const double value = std::pow(static_cast<double>(a), static_cast<double>(b));
    if (!(std::abs(value) < 0x1p53)) throw_overflow();
    return static_cast<std::int64_t>(value);
  }
};

struct MinOp {
  auto operator()(auto a, auto b) const { return std::min(a, b); }
};
struct MaxOp {
  auto operator()(auto a, auto b) const { return std::max(a, b); }
};
struct EqualOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a == b}; }
};
struct LessOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a < b}; }
};
struct GreaterOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a > b}; }
};
struct LessOrEqualOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a <= b}; }
};
struct GreaterOrEqualOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a >= b}; }
};
struct AndOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a != 0 && b != 0}; }
};
struct OrOp {
  auto operator()(auto a, auto b) const { return std::int64_t{a != 0 || b != 0}; }
};

template <class T, class Function>
Constant zip(const std::vector<T>& a, const Shape& a_shape, const std::vector<T>& b, const Shape& b_shape,
             FoldBudget& budget, const Function& function) {
  const Shape shape = broadcast(a_shape, b_shape);
  std::vector<decltype(function(T{}, T{}))> result(static_cast<std::size_t>(budget.take(shape)));
  BroadcastCursor left(a_shape, shape);
  BroadcastCursor right(b_shape, shape);
  for (auto& value : result) {
    value = function(a[left.offset()], b[right.offset()]);
    left.next();
    right.next();
  }
  return {shape, std::move(result)};
}

template <class Function>
Constant binary(const Constant& a, const Constant& b, FoldBudget& budget) {
  if (!a.is_real() && !b.is_real()) {
    return zip(std::get<Integers>(a.data), a.shape, std::get<Integers>(b.data), b.shape, budget, Function{});
  }
  return zip(reals_of(a), a.shape, reals_of(b), b.shape, budget, Function{});
}

template <class Function>
Constant fold_binary(const FoldCall& call) {
  return binary<Function>(call.input(0), call.input(1), call.budget);
}

/// Min, Max and Sum take any number of inputs.
template <class Function>
Constant fold_variadic(const FoldCall& call) {
  Constant result = call.input(0);
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    result = binary<Function>(result, call.input(i), call.budget);
  }
  return result;
}

double floor_of(double x) { return std::floor(x); }
double ceil_of(double x) { return std::ceil(x); }
double round_of(double x) { return std::nearbyint(x); }  // ties to even, as ONNX has it
double sqrt_of(double x) { return std::sqrt(x); }
double exp_of(double x) { return std::exp(x); }
double abs_of(double x) { return std::abs(x); }
double negative_of(double x) { return -x; }
double inverse_of(double x) { return 1 / x; }
double log_of(double x) { return std::log(x); }
double tanh_of(double x) { return std::tanh(x); }
double rectified(double x) { return std::max(x, 0.0); }
double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }  // 0 stays 0, as ONNX has it
double not_of(double x) { return x == 0 ? 1 : 0; }

template <double (*function)(double)>
Constant fold_unary(const FoldCall& call) {
  const Constant& source = call.input(0);
  call.budget.take(source.shape);
  Reals values = reals_of(source);
  std::transform(values.begin(), values.end(), values.begin(), function);
  if (source.is_real()) return {source.shape, std::move(values)};
  // Abs, Neg, Not, Relu and Sign alone take integers; those that size tensors are small.
  Integers integers;
  for (const double value : values) {
    if (!(std::abs(value) < 0x1p53)) throw_overflow();
    integers.push_back(static_cast<std::int64_t>(value));
  }
  return {source.shape, std::move(integers)};
}

std::int64_t truncated(double value) {
  if (!(std::abs(value) < 0x1p63)) throw NodeFault(fmt::format("{} is no 64-bit integer", value));
  return static_cast<std::int64_t>(value);
}

/// Bounds from inputs, or from attributes in old opsets.
Constant fold_clip(const FoldCall& call) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto bound = [&](std::size_t i, const char* attribute, double none) {
    const Constant* given = call.optional_input(i);
    if (given == nullptr) return call.node.real(attribute, none);
    if (given->size() != 1) throw NodeFault(fmt::format("input '{}' is not one number", attribute));
    return reals_of(*given)[0];
  };
  const double low = bound(1, "min", -infinity), high = bound(2, "max", infinity);
  const Constant& source = call.input(0);
  call.budget.take(source.shape);
  Reals values = reals_of(source);
  for (double& value : values) value = std::min(std::max(value, low), high);
  if (source.is_real()) return {source.shape, std::move(values)};
  Integers integers(values.size());
  std::transform(values.begin(), values.end(), integers.begin(), truncated);
  return {source.shape, std::move(integers)};
}

Constant fold_cast(const FoldCall& call) {
  constexpr std::int64_t to_float = 1;
  constexpr std::int64_t to_string_type = 8;
  constexpr std::int64_t to_bool = 9;
  const Constant& source = call.input(0);
  const std::int64_t to = call.node.integer("to", 0);
  call.budget.take(source.shape);
  if (to < to_float || to > 16 || to == to_string_type || to == 14 || to == 15) {
    throw NodeFault(fmt::format("casts to element type {}", to));
  }
  if (to == to_float || to == 10 || to == 11 || to == 16) return {source.shape, reals_of(source)};
  Integers values;
  if (source.is_real()) {
    for (const double value : std::get<Reals>(source.data)) {
      values.push_back(to == to_bool ? value != 0 : truncated(value));
    }
  } else {
    for (const std::int64_t value : std::get<Integers>(source.data)) {
      values.push_back(to == to_bool ? value != 0 : value);
    }
  }
  return {source.shape, std::move(values)};
}

Constant fold_where(const FoldCall& call) {
  const Integers condition = integers_of(call.input(0), "the condition");
  const Constant& yes = call.input(1);
  const Constant& no = call.input(2);
  const Shape shape = broadcast(call.input(0).shape, broadcast(yes.shape, no.shape));
  const auto count = static_cast<std::size_t>(call.budget.take(shape));
  BroadcastCursor c(call.input(0).shape, shape);
  BroadcastCursor y(yes.shape, shape);
  BroadcastCursor n(no.shape, shape);
  const auto choose = [&](const auto& a, const auto& b) -> Constant {
    std::remove_cvref_t<decltype(a)> result(count);
    for (auto& value : result) {
      value = condition[c.offset()] != 0 ? a[y.offset()] : b[n.offset()];
      c.next(), y.next(), n.next();
    }
    return {shape, std::move(result)};
  };
  if (yes.is_real() || no.is_real()) return choose(reals_of(yes), reals_of(no));
  return choose(std::get<Integers>(yes.data), std::get<Integers>(no.data));
}

Constant fold_range(const FoldCall& call) {
  const auto scalar = [&](std::size_t i) {
    const Constant& c = call.input(i);
    if (c.size() != 1) throw NodeFault("takes single numbers");
    return reals_of(c)[0];
  };
  const double start = scalar(0);
  const double step = scalar(2);
  const double steps = std::max(0.0, std::ceil((scalar(1) - start) / step));
  if (!(steps < 0x1p40)) throw NodeFault("has no end");
  const auto count = static_cast<std::int64_t>(steps);
  call.budget.take({count});
  Reals values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * step;
  if (call.input(0).is_real()) return {{count}, std::move(values)};
  Integers integers(values.size());
  std::transform(values.begin(), values.end(), integers.begin(), truncated);
  return {{count}, std::move(integers)};
}

constexpr std::array<std::pair<const char*, Fold>, 33> folds{{
    {"Abs", fold_unary<abs_of>},
    {"Add", fold_binary<AddOp>},
    {"And", fold_binary<AndOp>},
    {"Cast", fold_cast},
    {"Ceil", fold_unary<ceil_of>},
    {"Clip", fold_clip},
    {"Div", fold_binary<DivOp>},
    {"Equal", fold_binary<EqualOp>},
    {"Exp", fold_unary<exp_of>},
    {"Floor", fold_unary<floor_of>},
    {"Greater", fold_binary<GreaterOp>},
    {"GreaterOrEqual", fold_binary<GreaterOrEqualOp>},
    {"Less", fold_binary<LessOp>},
    {"LessOrEqual", fold_binary<LessOrEqualOp>},
    {"Log", fold_unary<log_of>},
    {"Max", fold_variadic<MaxOp>},
    {"Min", fold_variadic<MinOp>},
    {"Mod", fold_binary<ModOp>},
    {"Mul", fold_binary<MulOp>},
    {"Neg", fold_unary<negative_of>},
    {"Not", fold_unary<not_of>},
    {"Or", fold_binary<OrOp>},
    {"Pow", fold_binary<PowOp>},
    {"Range", fold_range},
    {"Reciprocal", fold_unary<inverse_of>},
    {"Relu", fold_unary<rectified>},
    {"Round", fold_unary<round_of>},
    {"Sign", fold_unary<sign_of>},
    {"Sqrt", fold_unary<sqrt_of>},
    {"Sub", fold_binary<SubOp>},
    {"Sum", fold_variadic<AddOp>},
    {"Tanh", fold_unary<tanh_of>},
    {"Where", fold_where},
}};

}  // namespace

Fold find_arithmetic_fold(const std::string& op) {
  for (const auto& [name, fold] : folds) {
    if (op == name) return fold;
  }
  return nullptr;
}

}  // namespace rheobase::onnx_import

#include "converters/onnx/clipped_affine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rheobase::onnx_import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Relative error allowed between a chain's constants and QCFS: float32 constants are off by up to 6e-8 each.
constexpr double tolerance = 1e-5;

bool near(double value, double target) {
  return std::abs(value - target) <= tolerance * std::max(1.0, std::abs(target));
}

double at(const Reals& values, std::size_t i) { return values.size() == 1 ? values[0] : values[i]; }

template <class Function>
Reals combine(const Reals& a, const Reals& b, const Function& function) {
  Reals result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = function(at(a, i), at(b, i));
  return result;
}

bool are_equal(const Reals& a, const Reals& b) {
  const Reals same = combine(a, b, [](double x, double y) { return x == y ? 1.0 : 0.0; });
  return std::all_of(same.begin(), same.end(), [](double x) { return x == 1; });
}

template <class Predicate>
bool every(const Reals& values, const Predicate& predicate) {
  return std::all_of(values.begin(), values.end(), predicate);
}

/// Floor that forgives the float32 rounding of a bound: 3.9999998 came from 4.
double bound_floor(double value) {
  if (!std::isfinite(value)) return value;
  const double nearest = std::round(value);
  const double slack = std::max(tolerance, 2e-7 * std::abs(value));
  return std::abs(value - nearest) <= slack ? nearest : std::floor(value);
}

/// `shift` of floor(x * scale + shift): 1/2, give or take.
bool is_half_shift(const ClippedAffine& before) {
  return every(before.shift, [](double shift) { return near(shift, 0.5); });
}

/// The number of levels, high / scale after the floor, the same integer for every channel; 0 otherwise.
std::int64_t levels_of(const ClippedAffine& after) {
  constexpr double most = 1 << 20;
  const Reals levels = combine(after.high, after.scale, [](double high, double step) { return high / step; });
  const double nearest = std::round(levels[0]);
  const bool same = every(levels, [&](double level) { return near(level / std::max(nearest, 1.0), 1.0); });
  return nearest >= 1 && nearest <= most && same ? static_cast<std::int64_t>(nearest) : 0;
}

bool is_zero_based(const ClippedAffine& after) {
  const auto ratio = [](double value, double step) { return value / step; };
  const auto negligible = [](double value) { return near(value, 0); };
  return every(combine(after.shift, after.scale, ratio), negligible) &&
         every(combine(after.low, after.scale, ratio), negligible);
}

bool has_unit_gain(const Composition& run) {
  const Reals gain = combine(run.before.scale, run.after.scale, [](double a, double b) { return a * b; });
  return every(gain, [](double value) { return near(value, 1); });
}

std::optional<QcfsForm> as_qcfs(const Composition& run) {
  if (!every(run.after.scale, [](double step) { return step > 0; })) return std::nullopt;
  if (!is_half_shift(run.before) || !is_zero_based(run.after) || !has_unit_gain(run)) return std::nullopt;
  const std::int64_t levels = levels_of(run.after);
  if (levels == 0) return std::nullopt;
  return QcfsForm{run.after.high, levels};
}

std::optional<ReluForm> as_relu(const ClippedAffine& form) {
  const auto zero = [](double value) { return value == 0; };
  const bool rectifies = every(form.scale, [](double scale) { return near(scale, 1); }) &&
                         every(form.shift, zero) && every(form.low, zero);
  const double max = form.high[0];
  if (!rectifies || !(max > 0) || !every(form.high, [&](double high) { return high == max; })) {
    return std::nullopt;
  }
  return ReluForm{max};
}

/// Where the sign of `before` depends on x, it is that of scale * x + shift.
/// What a signum makes of 0 falls on one side where it is one of the two values; otherwise both sides must be
/// there beside it.
std::optional<SignForm> as_sign(const Composition& run) {
  const ClippedAffine& before = run.before;
  TwoValues values = *run.values;
  const bool falls_below = values.at_zero && are_equal(*values.at_zero, values.below);
  if (values.at_zero && (falls_below || are_equal(*values.at_zero, values.above))) values.at_zero.reset();
  const bool zero_is_low = falls_below && !values.at_zero;
  const bool zero_is_high = !falls_below && !values.at_zero;
  const bool can_be_low = every(before.low, [&](double low) { return low < 0 || (zero_is_low && low == 0); });
  const bool can_be_high =
      every(before.high, [&](double high) { return high > 0 || (zero_is_high && high == 0); });
  if (!can_be_low || !can_be_high) return std::nullopt;
  if (!falls_below) return SignForm{before.scale, before.shift, values};
  // x > 0 is what -x >= 0 is not.
  const auto negated = [](double zero, double x) { return zero - x; };
  return SignForm{combine({0.0}, before.scale, negated),
                  combine({0.0}, before.shift, negated),
                  {values.above, values.below, std::nullopt}};
}

Reals chosen(const Reals& condition, const Reals& if_false, const Reals& if_true) {
  Reals result(std::max({condition.size(), if_false.size(), if_true.size()}));
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = at(condition, i) == 0 ? at(if_false, i) : at(if_true, i);
  }
  return result;
}

/// One of the two values, after one more step.
Reals stepped(const Reals& value, const ScalarOp& op) {
  switch (op.kind) {
    case ScalarOp::Kind::affine:
      return combine(combine(value, op.first, [](double x, double f) { return x * f; }), op.second,
                     [](double x, double o) { return x + o; });
    case ScalarOp::Kind::clip:
      return combine(combine(value, op.first, [](double x, double low) { return std::max(x, low); }),
                     op.second, [](double x, double high) { return std::min(x, high); });
    case ScalarOp::Kind::floor:
      return combine(value, {0.0}, [](double x, double) { return std::floor(x); });
    case ScalarOp::Kind::sign:
      return combine(value, {0.0}, [](double x, double zero) { return x >= zero ? 1.0 : -1.0; });
    case ScalarOp::Kind::signum:
      return combine(value, {0.0}, [](double x, double zero) {
        return x > zero ? 1.0 : x < zero ? -1.0 : 0.0;
      });
    case ScalarOp::Kind::choose:
      return chosen(value, op.first, op.second);
  }
  return value;
}

}  // namespace

ClippedAffine::ClippedAffine() : low{-infinity}, high{infinity} {}

void ClippedAffine::affine(const Reals& factor, const Reals& offset) {
  const auto times = [](double x, double f) { return x * f; };
  const auto plus = [](double x, double o) { return x + o; };
  scale = combine(scale, factor, times);
  shift = combine(combine(shift, factor, times), offset, plus);
  // An absent bound stays absent under a factor of 0 (a pruned channel), where inf * 0 would be no number.
  const auto bound_times = [](double x, double f) { return f == 0 && std::isinf(x) ? x : x * f; };
  const Reals a = combine(combine(low, factor, bound_times), offset, plus);
  const Reals b = combine(combine(high, factor, bound_times), offset, plus);
  low = combine(a, b, [](double x, double y) { return std::min(x, y); });
  high = combine(a, b, [](double x, double y) { return std::max(x, y); });
}

void ClippedAffine::clip(const Reals& lower, const Reals& upper) {
  const auto most = [](double x, double y) { return std::max(x, y); };
  const auto least = [](double x, double y) { return std::min(x, y); };
  low = combine(combine(low, lower, most), upper, least);
  high = combine(combine(high, lower, most), upper, least);
}

bool ClippedAffine::is_unclipped() const {
  return every(low, [](double x) { return x == -infinity; }) &&
         every(high, [](double x) { return x == infinity; });
}

void Composition::append(const ScalarOp& op) {
  if (values) {
    values->below = stepped(values->below, op);
    values->above = stepped(values->above, op);
    if (values->at_zero) values->at_zero = stepped(*values->at_zero, op);
    return;
  }
  ClippedAffine& last = floors == 0 ? before : after;
  switch (op.kind) {
    case ScalarOp::Kind::sign:
      values = TwoValues{{-1}, {1}, std::nullopt};
      return;
    case ScalarOp::Kind::signum:
      values = TwoValues{{-1}, {1}, Reals{0}};
      return;
    case ScalarOp::Kind::choose:
      floors += 2;  // the sign that it belongs to is not in this run
      return;
    case ScalarOp::Kind::affine:
      return last.affine(op.first, op.second);
    case ScalarOp::Kind::clip:
      return last.clip(op.first, op.second);
    case ScalarOp::Kind::floor:
      if (floors++ > 0) return;
      after.low = before.low;
      after.high = before.high;
      for (Reals* bounds : {&after.low, &after.high}) {
        std::transform(bounds->begin(), bounds->end(), bounds->begin(), bound_floor);
      }
      return;
  }
}

std::optional<Form> single_form(const Composition& run) {
  if (run.floors > 1 || (run.values && run.floors > 0)) return std::nullopt;
  if (run.values) {
    if (auto sign = as_sign(run)) return *std::move(sign);
    return std::nullopt;
  }
  if (run.floors == 1) {
    if (auto qcfs = as_qcfs(run)) return *std::move(qcfs);
    return std::nullopt;
  }
  if (run.before.is_unclipped()) return AffineForm{run.before.scale, run.before.shift};
  if (const auto relu = as_relu(run.before)) return *relu;
  return std::nullopt;
}

std::string explain(const Composition& run) {
  if (run.values && run.floors == 0) {
    return fmt::format("takes the sign of a value from {} to {}, which is always the same (sign(0) is +1)",
                       *std::min_element(run.before.low.begin(), run.before.low.end()),
                       *std::max_element(run.before.high.begin(), run.before.high.end()));
  }
  if (run.floors == 0) {
    return fmt::format("clips {}*z + {} to [{}, {}]; a lower bound of 0 is supported (ReLU, ReLU6)",
                       run.before.scale[0], run.before.shift[0], run.before.low[0], run.before.high[0]);
  }
  if (run.floors > 1) return "rounds more than once";
  const ClippedAffine& after = run.after;
  if (!every(after.scale, [](double step) { return step > 0; })) {
    return fmt::format("multiplies the levels by {}; lambda must be more than 0", after.scale[0]);
  }
  if (!is_half_shift(run.before)) {
    return fmt::format("adds {} before the floor; the shift must be 1/2", run.before.shift[0]);
  }
  if (!is_zero_based(after) || levels_of(after) == 0) {
    return fmt::format("clips to [{}, {}] in steps of {}; the range must be [0, L steps], L from 1 to 2^20",
                       after.low[0], after.high[0], after.scale[0]);
  }
  return fmt::format("multiplies by {} before the floor and by {} after it; the product must be 1",
                     run.before.scale[0], after.scale[0]);
}

}  // namespace rheobase::onnx_import

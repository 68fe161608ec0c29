#include "converters/onnx/activation/clipped_affine.h"

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

/// The float32 rounding of a bound, in levels: 3.9999998 came from 4.
double bound_slack(double value) { return std::max(tolerance, 2e-7 * std::abs(value)); }

/// Floor that forgives it.
double bound_floor(double value) {
  if (!std::isfinite(value)) return value;
  const double nearest = std::round(value);
  return std::abs(value - nearest) <= bound_slack(value) ? nearest : std::floor(value);
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

/// Any other clip, by shift: clip(z, a, b) = clip(z - a, 0, b - a) + a, and min(z, b) = b - max(b - z, 0).
/// Widths that differ between channels are taken out as a factor.
std::optional<ShiftedForm> as_clip(const ClippedAffine& form) {
  const auto difference = [](double a, double b) { return a - b; };
  const auto quotient = [](double a, double b) { return a / b; };
  const Reals width = combine(form.high, form.low, difference);
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!every(width, [](double w) { return w > 0; })) return std::nullopt;
  if (every(form.low, finite)) {
    const Reals shift = combine(form.shift, form.low, difference);
    if (every(width, [&](double w) { return w == width[0]; }))
      return ShiftedForm{{form.scale, shift}, ReluForm{width[0]}, {{1}, form.low}};
    if (!every(width, finite)) return std::nullopt;
    return ShiftedForm{{combine(form.scale, width, quotient), combine(shift, width, quotient)},
                       ReluForm{1},
                       {width, form.low}};
  }
  if (!every(form.high, finite) || !every(form.low, [](double low) { return low == -infinity; }))
    return std::nullopt;
  return ShiftedForm{{combine({0.0}, form.scale, difference), combine(form.high, form.shift, difference)},
                     ReluForm{infinity},
                     {{-1}, form.high}};
}

/// The bounds of a stair in levels, y = scale * level + shift; whole numbers.
struct LevelRange {
  Reals low, high;
  std::int64_t count = 0;  ///< high - low, the same in all channels; 0 where it is no stair
};

LevelRange level_range(const ClippedAffine& after) {
  constexpr double most = 1 << 20;
  const auto level = [&](const Reals& bound) {
    return combine(combine(bound, after.shift, [](double y, double shift) { return y - shift; }), after.scale,
                   [](double y, double step) { return y / step; });
  };
  const Reals a = level(after.low), b = level(after.high);
  LevelRange range{combine(a, b, [](double x, double y) { return std::min(x, y); }),
                   combine(a, b, [](double x, double y) { return std::max(x, y); })};
  for (Reals* bounds : {&range.low, &range.high}) {
    for (double& bound : *bounds) {
      const double nearest = std::round(bound);
      if (!std::isfinite(bound) || std::abs(bound - nearest) > bound_slack(bound)) return {};
      bound = nearest;
    }
  }
  const Reals counts = combine(range.high, range.low, [](double x, double y) { return x - y; });
  if (!every(counts, [&](double n) { return n == counts[0] && n >= 1 && n <= most; })) return {};
  range.count = static_cast<std::int64_t>(counts[0]);
  return range;
}

/// `values` with those that are `target` give or take rounding made equal to it.
Reals snapped(Reals values, double target, const Reals& unit) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i] - target) <= tolerance * at(unit, i)) values[i] = target;
  }
  return values;
}

/// Any other stair, y = scale * clip(floor(u), a, b) + shift with u = gain * x + offset, L = b - a levels of
/// height |scale|: floor(u) - a = floor(z L / lambda + 1/2) for z = |scale| (u - a - 1/2), lambda = |scale|
/// L. A negative lambda is one of these, -QCFS(-z), bit for bit.
std::optional<ShiftedForm> as_stair(const Composition& run) {
  const ClippedAffine& after = run.after;
  const LevelRange range = level_range(after);
  if (range.count == 0) return std::nullopt;
  const auto times = [](double x, double y) { return x * y; };
  const auto plus = [](double x, double y) { return x + y; };
  const Reals step = combine(after.scale, {0.0}, [](double x, double) { return std::abs(x); });
  const Reals offset =
      combine(run.before.shift, range.low, [](double shift, double low) { return shift - low - 0.5; });
  const Reals gain = combine(run.before.scale, step, times);
  const Reals base = combine(combine(after.scale, range.low, times), after.shift, plus);
  const Reals direction = combine(after.scale, {0.0}, [](double x, double) { return x > 0 ? 1.0 : -1.0; });
  const Reals lambda = combine(after.high, after.low, [](double high, double low) { return high - low; });
  return ShiftedForm{
      {snapped(snapped(gain, 1, {1.0}), -1, {1.0}), snapped(combine(step, offset, times), 0, step)},
      QcfsForm{lambda, range.count},
      {direction, snapped(base, 0, step)}};
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
    if (auto stair = as_stair(run)) return *std::move(stair);
    return std::nullopt;
  }
  if (run.before.is_unclipped()) return AffineForm{run.before.scale, run.before.shift};
  if (const auto relu = as_relu(run.before)) return *relu;
  if (auto clip = as_clip(run.before)) return *std::move(clip);
  return std::nullopt;
}

std::string explain(const Composition& run) {
  if (run.values && run.floors == 0) {
    return fmt::format("takes the sign of a value from {} to {}, which is always the same (sign(0) is +1)",
                       *std::min_element(run.before.low.begin(), run.before.low.end()),
                       *std::max_element(run.before.high.begin(), run.before.high.end()));
  }
  if (run.floors == 0) {
    return fmt::format(
        "clips to [{}, {}]; the bounds must differ, and each must be there in all channels or in none",
        run.before.low[0], run.before.high[0]);
  }
  if (run.floors > 1) return "rounds more than once";
  const ClippedAffine& after = run.after;
  return fmt::format(
      "clips to [{}, {}] in steps of {}; the range must be L whole steps, L from 1 to 2^20 and the same in "
      "all channels",
      after.low[0], after.high[0], after.scale[0]);
}

}  // namespace rheobase::onnx_import

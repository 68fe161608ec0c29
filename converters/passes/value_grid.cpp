#include "converters/passes/value_grid.h"

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

constexpr double tolerance = 1e-6;

bool is_multiple(double value, double step) {
  const double ratio = value / step;
  return std::abs(ratio - std::round(ratio)) <= tolerance;
}

}  // namespace

bool Grid::holds_zero() const { return is_known() && is_multiple(offset, step); }

Grid Grid::scaled(double factor) const { return {step * std::abs(factor), offset * factor, zero_at_border}; }

Grid Grid::shifted(double shift) const { return {step, offset + shift, zero_at_border && shift == 0}; }

Grid Grid::with_zero() const {
  if (!is_known() || holds_zero()) return *this;
  const Grid finer{step / 2, 0, zero_at_border};
  return is_multiple(offset, finer.step) ? finer : Grid{};
}

void GridOfSums::add(const Grid& term) {
  known_ = known_ && term.is_known();
  if (!known_) return;
  const double before = smallest_ == 0 ? term.step : smallest_;
  offset_ += term.offset;
  smallest_ = std::min(before, term.step);
  known_ = is_multiple(term.step, smallest_) && is_multiple(before, smallest_);
}

Grid GridOfSums::result() const { return known_ && smallest_ > 0 ? Grid{smallest_, offset_} : Grid{}; }

}  // namespace rheobase

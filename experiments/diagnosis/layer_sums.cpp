#include "experiments/diagnosis/layer_sums.h"

#include <cmath>
#include <limits>

namespace rheobase {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// Of float32 sums: an activation that is above by less is not.
constexpr float rounding = 1e-4F;

double ratio(double part, double whole) { return whole > 0.0 ? part / whole : nan; }
double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

}  // namespace

void PairSums::add(double one, double other) {
  ++count;
  x += one;
  y += other;
  xx += one * one;
  yy += other * other;
  xy += one * other;
}

void PairSums::add(const PairSums& more) {
  count += more.count;
  x += more.x;
  y += more.y;
  xx += more.xx;
  yy += more.yy;
  xy += more.xy;
}

double PairSums::correlation() const {
  const auto n = static_cast<double>(count);
  const double var_x = n * xx - x * x;
  const double var_y = n * yy - y * y;
  // What rounding leaves of the variance of equal numbers.
  constexpr double least = 1e-12;
  if (var_x <= least * n * xx || var_y <= least * n * yy) return nan;
  return (n * xy - x * y) / std::sqrt(var_x * var_y);
}

void LayerSums::add_saturated(float activation, float decoded, double own) {
  ++saturated_;
  clipping_ += own;
  if (activation > decoded * (1.0F + rounding)) ++clipped_;
}

void LayerSums::add(const LayerSample& sample, int steps) {
  LayerSums one;
  one.largest_ = sample.largest;
  for (std::size_t i = 0; i < sample.activation.size(); ++i) {
    const float activation = sample.activation[i];
    const float decoded = sample.decoded[i];
    const double difference = static_cast<double>(decoded) - activation;
    const double own_difference = static_cast<double>(decoded) - sample.of_current[i];
    const double own = own_difference * own_difference;
    one.pairs_.add(activation, decoded);
    one.difference_ += difference;
    one.squared_ += difference * difference;
    one.own_ += own;
    one.events_ += sample.events[i];
    const bool active = activation != 0.0F;
    if (active) ++one.active_;
    if (sample.events[i] == 0) {
      one.silence_ += own;
      if (active) ++one.silent_;
    }
    if (sample.events[i] == steps && sample.least[i] == sample.largest && sample.largest > 0.0F)
      one.add_saturated(activation, decoded, own);
  }
  add(one);
}

void LayerSums::add(const LayerSums& more) {
  pairs_.add(more.pairs_);
  difference_ += more.difference_;
  squared_ += more.squared_;
  own_ += more.own_;
  events_ += more.events_;
  silence_ += more.silence_;
  active_ += more.active_;
  silent_ += more.silent_;
  if (more.largest_ < largest_) return;
  if (more.largest_ > largest_) {
    largest_ = more.largest_;
    saturated_ = clipped_ = 0;
    clipping_ = 0.0;
  }
  saturated_ += more.saturated_;
  clipped_ += more.clipped_;
  clipping_ += more.clipping_;
}

double LayerSums::rms() const { return std::sqrt(ratio(pairs_.xx, static_cast<double>(pairs_.count))); }

LayerError LayerSums::result(int steps) const {
  LayerError error;
  const auto count = static_cast<double>(pairs_.count);
  error.steps = steps;
  error.mean_error = difference_ / count;
  error.error = std::sqrt(ratio(squared_, pairs_.xx));
  error.own_error = std::sqrt(ratio(own_, pairs_.xx));
  error.correlation = pairs_.correlation();
  error.clipped = share(clipped_, active_);
  error.silent = share(silent_, active_);
  error.saturated = share(saturated_, pairs_.count);
  error.events = events_ / count;
  error.clipping = own_ > 0.0 ? clipping_ / own_ : 0.0;
  error.silence = own_ > 0.0 ? silence_ / own_ : 0.0;
  return error;
}

}  // namespace rheobase

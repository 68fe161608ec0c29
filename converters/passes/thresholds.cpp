#include "converters/passes/thresholds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr int iterations = 50;
constexpr std::int64_t most_levels_that_matter = 128;

// Of one threshold: E[relu(z) q], E[q^2] and the error, but for a factor.
struct Fit {
  double product = 0, square = 0, error = 0;
};

Fit fit(const std::vector<float>& values, double threshold, std::int64_t levels) {
  const auto steps = static_cast<double>(levels);
  Fit result;
  for (const float value : values) {
    const double z = std::max(0.0F, value);
    const double q = std::clamp(std::floor(steps * z / threshold + 0.5), 0.0, steps) / steps;
    result.product += z * q;
    result.square += q * q;
    result.error += (z - threshold * q) * (z - threshold * q);
  }
  return result;
}

// The value that `percent` of the positive ones do not exceed; nearest rank.
double percentile(const std::vector<float>& values, double percent) {
  std::vector<float> positive;
  std::copy_if(values.begin(), values.end(), std::back_inserter(positive),
               [](float value) { return value > 0; });
  if (positive.empty()) return 0;
  const auto rank =
      static_cast<std::int64_t>(std::ceil(percent / 100.0 * static_cast<double>(positive.size())));
  const auto index = std::clamp<std::int64_t>(rank - 1, 0, static_cast<std::int64_t>(positive.size()) - 1);
  std::nth_element(positive.begin(), positive.begin() + index, positive.end());
  return positive[static_cast<std::size_t>(index)];
}

// 0 for a channel that the samples never activate.
double threshold_of(const std::vector<float>& values, double largest, const ThresholdRule& rule,
                    std::int64_t levels) {
  if (largest <= 0) return 0;
  double found = largest;
  if (rule.kind == ThresholdRule::Kind::percentile) found = percentile(values, rule.percent);
  if (rule.kind == ThresholdRule::Kind::squares) found = least_squares_threshold(values, largest, levels);
  return found > 0 ? found : largest;  // active, but not among the values that were kept
}

}  // namespace

ThresholdRule parse_threshold_rule(const std::string& text) {
  if (text == "max") return {ThresholdRule::Kind::largest};
  if (text == "mse") return {ThresholdRule::Kind::squares};
  if (text == "ltb") return {ThresholdRule::Kind::local};
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool is_percent = error == std::errc() && end + 1 == text.data() + text.size() && *end == '%';
  if (is_percent && percent > 0 && percent <= 100) return {ThresholdRule::Kind::percentile, percent};
  throw InputError("--threshold", text, "expected auto, max, mse, ltb or a percentile such as 99.9%");
}

std::string to_string(const ThresholdRule& rule) {
  switch (rule.kind) {
    case ThresholdRule::Kind::largest:
      return "max";
    case ThresholdRule::Kind::percentile:
      return fmt::format("{}%", rule.percent);
    case ThresholdRule::Kind::squares:
      return "mse";
    case ThresholdRule::Kind::local:
      return "ltb";
  }
  throw InternalError("not a threshold rule");
}

std::int64_t reachable_levels(SpikingMethod method, std::int64_t levels, std::int64_t steps) {
  const std::int64_t all = has_levels(method) ? steps << levels : steps;
  return std::clamp<std::int64_t>(all, 1, most_levels_that_matter);
}

double least_squares_threshold(const std::vector<float>& values, double largest, std::int64_t levels) {
  constexpr int parts = 64;
  double best = largest;
  double least = fit(values, largest, levels).error;
  for (int i = parts / 8; i < parts; ++i) {
    const double error = fit(values, largest * i / parts, levels).error;
    if (error >= least) continue;
    least = error;
    best = largest * i / parts;
  }
  double threshold = best;
  for (int i = 0; i < iterations; ++i) {
    const Fit found = fit(values, threshold, levels);
    if (found.error < least) {
      least = found.error;
      best = threshold;
    }
    const double next = found.square > 0 ? found.product / found.square : 0;
    if (next <= 0 || std::abs(next - threshold) <= 1e-7 * threshold) break;
    threshold = next;
  }
  return best;
}

std::vector<float> find_thresholds(const ActivationSamples& samples, const ThresholdRule& rule,
                                   std::int64_t levels) {
  if (rule.kind == ThresholdRule::Kind::local) throw InternalError("no rule of kept samples");
  std::vector<float> thresholds;
  for (std::size_t c = 0; c < samples.largest.size(); ++c) {
    thresholds.push_back(
        static_cast<float>(threshold_of(samples.values[c], samples.largest[c], rule, levels)));
  }
  fill_silent_channels(thresholds);
  return thresholds;
}

void fill_silent_channels(std::vector<float>& thresholds) {
  std::vector<float> active;
  std::copy_if(thresholds.begin(), thresholds.end(), std::back_inserter(active),
               [](float threshold) { return threshold > 0; });
  float median = 1.0F;
  if (!active.empty()) {
    std::nth_element(active.begin(), active.begin() + static_cast<std::ptrdiff_t>(active.size() / 2),
                     active.end());
    median = active[active.size() / 2];
  }
  for (float& threshold : thresholds) threshold = threshold > 0 ? threshold : median;
}

}  // namespace rheobase

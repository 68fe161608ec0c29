#include "sim/stop/stop_policy.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// The thresholds of steps 1, 2, ..., the last one for all later steps.
std::vector<double> thresholds_of(const StopSettings& settings) {
  std::vector<double> all = settings.early_thresholds;
  all.push_back(settings.threshold);
  return all;
}

[[noreturn]] void refuse_threshold(const StopSettings& settings, double threshold, const char* range) {
  throw InputError("--threshold", fmt::format("{}", threshold),
                   fmt::format("the policy {} takes {}", settings.policy, range));
}

void expect_thresholds(const StopSettings& settings, double most, const char* range) {
  for (const double threshold : thresholds_of(settings)) {
    if (!(threshold >= 0.0 && threshold <= most)) refuse_threshold(settings, threshold, range);
  }
}

void expect_fractions(const StopSettings& settings) { expect_thresholds(settings, 1.0, "0 to 1"); }

// The reciprocal must be a normal float32 too.
void expect_alpha(const StopSettings& settings) {
  if (settings.alpha >= 1e-30 && settings.alpha <= 1e30) return;
  throw InputError("--alpha", fmt::format("{}", settings.alpha), "expected more than 0 (1e-30 to 1e30)");
}

StopRule rule_of(StopKind kind, const StopSettings& settings) {
  constexpr int most = 1 << 20;
  if (settings.readout_delay < 0 || settings.readout_delay > most)
    throw InputError("--readout-delay", fmt::format("{}", settings.readout_delay),
                     fmt::format("expected 0 to {} steps", most));
  StopRule rule;
  rule.kind = kind;
  rule.delay = settings.readout_delay;
  return rule;
}

StopPolicy thresholded(StopKind kind, const StopSettings& settings, const std::vector<double>& thresholds) {
  StopRule rule = rule_of(kind, settings);
  rule.inverse_alpha = static_cast<float>(1.0 / settings.alpha);
  return {rule, std::vector<float>(thresholds.begin(), thresholds.end())};
}

StopPolicy make_stable(const StopSettings& settings) {
  const double steps = settings.threshold;
  if (!(steps >= 1.0 && steps <= 1e9 && steps == std::floor(steps)))
    refuse_threshold(settings, steps, "a whole number of steps, 1 or more");
  if (!settings.early_thresholds.empty())
    refuse_threshold(settings, settings.early_thresholds.front(), "one threshold for all steps");
  StopRule rule = rule_of(StopKind::stable, settings);
  rule.steps = static_cast<int>(steps);
  return {rule, {}};
}

}  // namespace

StopPolicy::StopPolicy(StopRule rule, std::vector<float> thresholds)
    : rule_(rule), thresholds_(std::move(thresholds)) {}

StopRule StopPolicy::rule() const {
  StopRule rule = rule_;
  rule.threshold_count = static_cast<std::int32_t>(thresholds_.size());
  rule.thresholds = thresholds_.data();
  return rule;
}

StopPolicy make_stop_policy(const StopSettings& settings) {
  constexpr double largest = 1e30;
  expect_alpha(settings);
  if (settings.policy == "never") return {rule_of(StopKind::never, settings), {}};
  if (settings.policy == "stable") return make_stable(settings);
  std::vector<double> thresholds = thresholds_of(settings);
  if (settings.policy == "confidence") {
    expect_fractions(settings);
    // stops() compares the complements
    for (double& threshold : thresholds) threshold = 1.0 - threshold;
    return thresholded(StopKind::confidence, settings, thresholds);
  }
  if (settings.policy == "margin") {
    expect_thresholds(settings, largest, "0 to 1e30");
    return thresholded(StopKind::margin, settings, thresholds);
  }
  if (settings.policy == "entropy") {
    expect_fractions(settings);
    return thresholded(StopKind::entropy, settings, thresholds);
  }
  throw InputError("--stop", settings.policy, "expected never, confidence, margin, entropy or stable");
}

int argmax(std::span<const float> values) { return argmax(values.data(), static_cast<int>(values.size())); }

}  // namespace rheobase

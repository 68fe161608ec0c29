#include "experiments/cli/commands/stop_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace rheobase {
namespace {

// A threshold that nothing passes, and that `calibrate` chooses for steps at which no sample shall stop.
bool never(const StopSettings& stop, double threshold) {
  if (stop.policy == "margin") return threshold >= 1e30;
  return threshold == (stop.policy == "confidence" ? 1.0 : 0.0);
}

// Confidences that are sure beyond six digits are told by what they leave open.
std::string threshold_text(const StopSettings& stop, double threshold) {
  if (never(stop, threshold)) return "never";
  const bool close = stop.policy == "confidence" && threshold < 1.0 && threshold > 0.9999;
  return close ? fmt::format("1-{:.3g}", 1.0 - threshold) : fmt::format("{:.5g}", threshold);
}

std::string rule_text(const StopSettings& stop) {
  if (stop.policy == "never") return "never";
  if (stop.policy == "stable") return fmt::format("stable for {:g} steps", stop.threshold);
  constexpr std::size_t shown = 4;
  std::string early;
  for (std::size_t t = 0; t < std::min(shown, stop.early_thresholds.size()); ++t)
    early += threshold_text(stop, stop.early_thresholds[t]) + ", ";
  if (stop.early_thresholds.size() > shown) early += "..., ";
  return fmt::format("{}, alpha {:g}, threshold{} {}{}", stop.policy, stop.alpha,
                     early.empty() ? "" : "s by step", early, threshold_text(stop, stop.threshold));
}

}  // namespace

std::string stop_text(const StopSettings& stop) {
  const std::string rule = rule_text(stop);
  return stop.readout_delay == 0 ? rule
                                 : fmt::format("{}, read from step {} on", rule, stop.readout_delay + 1);
}

Json stop_json(const StopSettings& stop) {
  Json json{{"policy", stop.policy}, {"alpha", stop.alpha}, {"threshold", stop.threshold}};
  if (!stop.early_thresholds.empty()) json["early_thresholds"] = stop.early_thresholds;
  if (stop.readout_delay > 0) json["readout_delay"] = stop.readout_delay;
  return json;
}

}  // namespace rheobase

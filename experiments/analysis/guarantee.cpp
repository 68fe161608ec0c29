#include "experiments/analysis/guarantee.h"

#include <algorithm>
#include <cmath>

#include "experiments/analysis/stop_scores.h"

namespace rheobase {
namespace {

// Neighbours of a sequence differ by this much: finer costs time, not the promise.
constexpr double ratio = 1.02;
constexpr int margins = 1047;  // from 1e6 to 1e-3
constexpr int doubts = 1820;   // to 1

}  // namespace

std::int64_t passing_prefix(std::int64_t rules, double confidence,
                            const std::function<double(std::int64_t rule)>& p_value) {
  std::int64_t rule = 0;
  while (rule < rules && p_value(rule) <= 1.0 - confidence) ++rule;
  return rule;
}

std::int64_t guaranteed_prefix(const Trace& trace, std::int64_t rules, const Guarantee& guarantee,
                               const std::function<std::vector<int>(std::int64_t rule)>& exits_of_rule) {
  return passing_prefix(rules, guarantee.confidence, [&](std::int64_t rule) {
    const std::vector<int> exits = exits_of_rule(rule);
    std::int64_t lost = 0;
    for (std::int64_t i = 0; i < trace.samples(); ++i) lost += trace.lost(i, exits[i]) ? 1 : 0;
    // How likely so few losses would be if the share were above the bound.
    return binomial_tail(lost, trace.samples(), guarantee.max_loss);
  });
}

double samples_needed(const Guarantee& guarantee) {
  return std::ceil(std::log1p(-guarantee.confidence) / std::log1p(-guarantee.max_loss));
}

std::vector<float> bound_sequence(const std::string& policy, int steps) {
  std::vector<float> bounds{never_bound};
  const auto put = [&](double bound) { bounds.push_back(static_cast<float>(bound)); };
  if (policy == "stable") {
    for (int unchanged = steps; unchanged >= 1; --unchanged) put(unchanged - 0.5);
  } else if (policy == "margin") {
    for (int i = 0; i < margins; ++i) put(1e6 * std::pow(ratio, -i));
  } else {
    // 1 - confidence, from the least that a threshold can say, or the entropy.
    for (int i = 0; i < doubts; ++i) put(-2.3e-16 * std::pow(ratio, i));
  }
  return bounds;
}

}  // namespace rheobase

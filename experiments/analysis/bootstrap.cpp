#include "experiments/analysis/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/core/hash.h"

namespace rheobase {
namespace {

Interval middle(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[std::lround(share * static_cast<double>(values.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace

OutcomeIntervals bootstrap(const Trace& trace, std::span<const int> exits, int rounds, std::uint64_t seed) {
  const std::int64_t n = trace.samples();
  std::vector<double> accuracy;
  std::vector<double> mean_steps;
  std::vector<double> loss;
  for (int round = 0; round < rounds; ++round) {
    std::int64_t right = 0;
    std::int64_t right_at_end = 0;
    std::int64_t steps = 0;
    const std::uint64_t key = mix64(mix64(seed) ^ static_cast<std::uint64_t>(round));
    for (std::int64_t draw = 0; draw < n; ++draw) {
      const auto bits = mix64(key ^ static_cast<std::uint64_t>(draw)) >> 32;
      const auto i = static_cast<std::int64_t>((bits * static_cast<std::uint64_t>(n)) >> 32);
      right += trace.correct(i, exits[i]) ? 1 : 0;
      right_at_end += trace.correct(i, trace.steps()) ? 1 : 0;
      steps += trace.exit_of(i, exits[i]);
    }
    const auto count = static_cast<double>(n);
    accuracy.push_back(static_cast<double>(right) / count);
    mean_steps.push_back(static_cast<double>(steps) / count);
    loss.push_back(static_cast<double>(right_at_end - right) / count);
  }
  return {middle(accuracy), middle(mean_steps), middle(loss)};
}

}  // namespace rheobase

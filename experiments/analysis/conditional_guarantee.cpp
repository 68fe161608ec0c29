#include "experiments/analysis/conditional_guarantee.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace rheobase {
namespace {

// Shares of max_loss that may be lost on the samples that choose: some are to pass the test on others
// safely, and some hardly.
constexpr int shares = 16;
constexpr double share_of(int number) { return 0.1 * number; }

// A rule, and what it comes to on the samples that choose.
struct Chosen {
  RuleByStep rule;
  std::vector<StoppedBy> by_step;
  std::int64_t saved = 0;  // steps, over all samples
};

// Chooses thresholds of one alpha.
class StepByStep {
 public:
  StepByStep(const Trace& trace, const StopScores& scores, std::string policy, double alpha)
      : trace_(trace), scores_(scores), policy_(std::move(policy)), alpha_(alpha) {
    for (int t = 1; t < trace.steps(); ++t) {
      std::vector<std::int64_t> order(trace.samples());
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](auto a, auto b) { return scores.at(a, t) > scores.at(b, t); });
      surest_.push_back(std::move(order));
    }
  }

  // At most `share` of those stopped so far is lost, and they are `least` or more. Nothing where no sample
  // stops at `first`: that rule begins later.
  std::optional<Chosen> choose(int first, double share, double least) const {
    const int steps = trace_.steps();
    Chosen chosen{{alpha_, first, std::vector<float>(steps - 1, never_bound)}, std::vector<StoppedBy>(steps)};
    std::vector<std::uint8_t> stopped(trace_.samples(), 0);
    StoppedBy so_far;
    for (int t = first; t < steps; ++t) {
      const std::int64_t before = so_far.samples;
      const float bound = as_spelled(least_bound(t, share, least, stopped, so_far));
      for (const std::int64_t i : surest_[t - 1]) {
        if (!(scores_.at(i, t) > bound)) break;
        if (std::exchange(stopped[i], 1) == 0) add(so_far, i, t);
      }
      if (so_far.samples > before) chosen.rule.bounds[t - 1] = bound;
      if (so_far.samples == 0) return std::nullopt;
      chosen.saved += (so_far.samples - before) * (steps - t);
      chosen.by_step[t - 1] = so_far;
    }
    return chosen;
  }

 private:
  void add(StoppedBy& so_far, std::int64_t sample, int t) const {
    ++so_far.samples;
    so_far.lost += trace_.lost(sample, t) ? 1 : 0;
  }

  // Equal scores stop together.
  float least_bound(int t, double share, double least, const std::vector<std::uint8_t>& stopped,
                    StoppedBy so_far) const {
    float bound = never_bound;
    float score = 0.0F;
    bool keeps = false;  // with all that are surer than the next
    for (const std::int64_t i : surest_[t - 1]) {
      if (stopped[i] != 0) continue;
      const float next = scores_.at(i, t);
      if (keeps && next < score) bound = bound_between(next, score);
      add(so_far, i, t);
      const auto samples = static_cast<double>(so_far.samples);
      keeps = samples >= least && static_cast<double>(so_far.lost) <= share * samples;
      score = next;
    }
    return keeps ? always_bound : bound;
  }

  // What the policy's threshold can say of it.
  float as_spelled(float bound) const {
    if (bound == never_bound) return bound;
    return bounds_of(settings_of(policy_, alpha_, std::vector<float>{bound})).front();
  }

  const Trace& trace_;
  const StopScores& scores_;
  std::string policy_;
  double alpha_;
  std::vector<std::vector<std::int64_t>> surest_;  // by step, falling scores
};

// The p-value to expect where `ratio` times as many samples test.
double expected_p_value(const Chosen& chosen, double max_loss, double ratio) {
  std::vector<StoppedBy> scaled;
  const auto times = [&](std::int64_t count) { return std::llround(ratio * static_cast<double>(count)); };
  for (const StoppedBy& by : chosen.by_step) scaled.push_back({times(by.samples), times(by.lost)});
  return conditional_p_value(scaled, chosen.rule.first, max_loss);
}

}  // namespace

std::vector<StoppedBy> stopped_by(const Trace& trace, std::span<const int> exits) {
  std::vector<StoppedBy> by_step(trace.steps());
  for (std::int64_t i = 0; i < trace.samples(); ++i) {
    StoppedBy& at = by_step[exits[i] - 1];
    ++at.samples;
    at.lost += trace.lost(i, exits[i]) ? 1 : 0;
  }
  for (std::size_t t = 1; t < by_step.size(); ++t) {
    by_step[t].samples += by_step[t - 1].samples;
    by_step[t].lost += by_step[t - 1].lost;
  }
  return by_step;
}

double conditional_p_value(std::span<const StoppedBy> by_step, int first, double max_loss) {
  double largest = 0.0;
  for (int t = first; t < static_cast<int>(by_step.size()); ++t) {
    const StoppedBy& by = by_step[t - 1];
    largest = std::max(largest, by.samples > 0 ? binomial_tail(by.lost, by.samples, max_loss) : 1.0);
  }
  return largest;
}

std::vector<RuleByStep> conditional_sequence(const Trace& trace, const std::vector<StopScores>& scores,
                                             const std::vector<double>& alphas, const std::string& policy,
                                             const Guarantee& guarantee, std::int64_t tested) {
  const double ratio =
      static_cast<double>(tested) / static_cast<double>(std::max<std::int64_t>(1, trace.samples()));
  const double least = samples_needed(guarantee) / ratio;  // to pass at the first step
  std::vector<std::pair<double, Chosen>> all;
  for (std::size_t a = 0; a < alphas.size(); ++a) {
    const StepByStep thresholds(trace, scores[a], policy, alphas[a]);
    for (int number = 0; number < shares; ++number) {
      for (int first = trace.steps() - 1; first >= 1; --first) {
        auto chosen = thresholds.choose(first, share_of(number) * guarantee.max_loss, least);
        if (!chosen) continue;
        const double p = expected_p_value(*chosen, guarantee.max_loss, ratio);
        all.emplace_back(p, std::move(*chosen));
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.saved > b.second.saved;
  });
  std::vector<RuleByStep> sequence;
  std::int64_t saved = 0;
  for (auto& [p, chosen] : all) {
    if (chosen.saved <= saved) continue;
    saved = chosen.saved;
    sequence.push_back(std::move(chosen.rule));
  }
  return sequence;
}

std::vector<RuleByStep> conditional_sequence_of_stable(double alpha, int steps, int delay) {
  std::vector<RuleByStep> sequence;
  for (int unchanged = steps - 1 - delay; unchanged >= 1; --unchanged)
    sequence.push_back({alpha, delay + unchanged, {static_cast<float>(unchanged) - 0.5F}});
  return sequence;
}

}  // namespace rheobase

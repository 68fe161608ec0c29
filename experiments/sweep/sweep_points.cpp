#include "experiments/sweep/sweep_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "experiments/analysis/calibrate.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr int bootstrap_rounds = 200;

// Some of a front's points, in its order: evenly along the curve of accuracy against the logarithm of mean
// steps, and those of the smallest losses, which most users ask for.
std::vector<std::size_t> spread_along(const std::vector<CalibrationPoint>& front, std::size_t most) {
  if (front.size() <= most) {
    std::vector<std::size_t> all(front.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
  const Outcome& first = front.front().outcome;
  const Outcome& last = front.back().outcome;
  const double height = first.accuracy - last.accuracy;
  const double width = std::log(first.mean_steps / last.mean_steps);
  std::vector<double> length(front.size(), 0.0);
  for (std::size_t i = 1; i < front.size(); ++i) {
    const Outcome& before = front[i - 1].outcome;
    const Outcome& here = front[i].outcome;
    length[i] = length[i - 1] + std::hypot((before.accuracy - here.accuracy) / height,
                                           std::log(before.mean_steps / here.mean_steps) / width);
  }
  constexpr std::array losses{0.0005, 0.001, 0.002, 0.005, 0.01};
  std::set<std::size_t> chosen{0, front.size() - 1};
  for (const double loss : losses) {
    const auto beyond = std::partition_point(front.begin(), front.end(), [&](const CalibrationPoint& point) {
      return point.outcome.accuracy >= first.accuracy - loss - 1e-9;
    });
    if (chosen.size() < most) chosen.insert(beyond - front.begin() - 1);
  }
  const double part = length.back() / static_cast<double>(most);
  for (std::size_t i = 1; i < front.size() && chosen.size() < most; ++i) {
    if (std::floor(length[i] / part) > std::floor(length[i - 1] / part)) chosen.insert(i);
  }
  return {chosen.begin(), chosen.end()};
}

class Points {
 public:
  Points(const Recording& recording, const std::string& path)
      : recording_(recording), trace_(recording, path) {}

  void add_fixed_times() {
    for (int t = 1; t <= trace_.steps(); ++t) add("never", false, {}, std::vector<int>(trace_.samples(), t));
  }

  void add_oracles() {
    add("first_correct", false, {}, first_correct(trace_));
    add("stays_correct", false, {}, stays_correct(trace_));
  }

  void add_policy(const SweepPolicy& policy, std::size_t most_points) {
    for (const double alpha : policy.alphas) {
      const StopScores scores(recording_, policy.name, alpha);
      std::vector<StopSettings> rules;
      for (const double threshold : policy.thresholds) {
        rules.push_back({policy.name, alpha, threshold});
        rules.back().readout_delay = trace_.delay();
      }
      if (rules.empty()) rules = front(policy, alpha, scores, most_points);
      for (const StopSettings& rule : rules) {
        make_stop_policy(rule);  // refuses a threshold that is none
        add(policy.name, policy.by_step, rule, scores.exits(bounds_of(rule)));
      }
    }
  }

  std::vector<SweepPoint> take() { return std::move(points_); }

 private:
  std::vector<StopSettings> front(const SweepPolicy& policy, double alpha, const StopScores& scores,
                                  std::size_t most_points) const {
    CalibrationOptions options;
    options.policy = policy.name;
    options.alphas = {alpha};
    options.by_step = policy.by_step;
    const std::vector<CalibrationPoint> all = stop_front(trace_, scores, options);
    std::vector<StopSettings> rules;
    for (const std::size_t i : spread_along(all, most_points)) rules.push_back(all[i].stop);
    return rules;
  }

  void add(const std::string& policy, bool by_step, const StopSettings& stop, const std::vector<int>& exits) {
    SweepPoint point;
    point.budget = trace_.steps();
    point.policy = policy;
    point.by_step = by_step;
    point.stop = stop;
    point.outcome = outcome(trace_, exits);
    point.intervals = bootstrap(trace_, exits, bootstrap_rounds);
    point.cost = mean_cost(recording_, exits).value_or(MeanCost{});
    point.exit_histogram.assign(trace_.steps(), 0);
    for (std::int64_t i = 0; i < trace_.samples(); ++i)
      ++point.exit_histogram[trace_.exit_of(i, exits[i]) - 1];
    for (const Outcome& cut : deadline_curve(trace_, exits)) point.deadline_accuracy.push_back(cut.accuracy);
    points_.push_back(std::move(point));
  }

  const Recording& recording_;
  Trace trace_;
  std::vector<SweepPoint> points_;
};

}  // namespace

Recording cut_to(const Recording& recording, int steps) {
  Recording cut;
  cut.info = recording.info;
  cut.info.steps = steps;
  cut.info.synapses.clear();  // what they took is known for all steps only
  cut.labels = recording.labels;
  for (const std::int64_t exit : recording.exit_steps)
    cut.exit_steps.push_back(std::min<std::int64_t>(exit, steps));
  cut.stopped.assign(recording.info.samples, 0);
  const std::int64_t K = recording.info.classes;
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    const auto logits = recording.logits.begin() + row * recording.info.steps * K;
    cut.logits.insert(cut.logits.end(), logits, logits + steps * K);
    if (!recording.info.step_costs) continue;
    const auto costs = recording.step_costs.begin() + row * recording.info.steps;
    cut.step_costs.insert(cut.step_costs.end(), costs, costs + steps);
  }
  return cut;
}

std::vector<SweepPoint> sweep_points(const Recording& recording, const std::string& path,
                                     const SweepSpec& spec, std::size_t most_points) {
  std::vector<SweepPoint> all;
  for (const int budget : spec.steps) {
    if (budget > recording.info.steps)
      throw InputError(path, fmt::format("{} steps", recording.info.steps),
                       fmt::format("is less than {}", budget));
    const Recording cut = cut_to(recording, budget);
    Points points(cut, path);
    points.add_fixed_times();
    points.add_oracles();
    for (const SweepPolicy& policy : spec.policies) points.add_policy(policy, most_points);
    for (SweepPoint& point : points.take()) all.push_back(std::move(point));
  }
  return all;
}

}  // namespace rheobase

#include "experiments/analysis/threshold_front.h"

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

// Sample `sample` ends at step t or before where the bound is below `score`.
struct Record {
  float score;
  std::int64_t sample;
  int t;
};

// Scores above all earlier ones of their sample, the largest first.
std::vector<Record> records_of(const StopScores& scores) {
  std::vector<Record> records;
  for (std::int64_t i = 0; i < scores.samples(); ++i) {
    float highest = always_bound;
    for (int t = 1; t < scores.steps(); ++t) {
      if (!(scores.at(i, t) > highest)) continue;
      highest = scores.at(i, t);
      records.push_back({highest, i, t});
    }
  }
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.score > b.score; });
  return records;
}

}  // namespace

std::vector<FrontPoint> threshold_curve(const Trace& trace, const StopScores& scores) {
  const std::vector<Record> records = records_of(scores);
  std::vector<int> exits;
  std::int64_t right = 0;
  std::int64_t steps = 0;
  for (std::int64_t i = 0; i < trace.samples(); ++i) {
    exits.push_back(trace.exit_of(i, trace.steps()));
    right += trace.correct(i, trace.steps()) ? 1 : 0;
    steps += exits.back();
  }
  const auto count = static_cast<double>(trace.samples());
  const auto point = [&](float bound, float low) {
    return FrontPoint{bound, {static_cast<double>(right) / count, static_cast<double>(steps) / count}, low};
  };

  std::vector<FrontPoint> curve{point(never_bound, records.empty() ? always_bound : records.front().score)};
  for (std::size_t r = 0; r < records.size();) {
    const float score = records[r].score;
    for (; r < records.size() && records[r].score == score; ++r) {
      const auto [_, sample, t] = records[r];
      if (t >= exits[sample]) continue;
      right += (trace.correct(sample, t) ? 1 : 0) - (trace.correct(sample, exits[sample]) ? 1 : 0);
      steps -= exits[sample] - t;
      exits[sample] = t;
    }
    const float next = r < records.size() ? records[r].score : always_bound;
    curve.push_back(point(r < records.size() ? bound_between(next, score) : always_bound, next));
  }
  return curve;
}

const Outcome& outcome_at(const std::vector<FrontPoint>& curve, float bound) {
  const auto found = std::partition_point(curve.begin(), curve.end(),
                                          [&](const FrontPoint& point) { return point.low > bound; });
  return found->outcome;
}

std::vector<FrontPoint> pareto_front(std::vector<FrontPoint> points) {
  std::sort(points.begin(), points.end(), [](const FrontPoint& a, const FrontPoint& b) {
    if (a.outcome.mean_steps != b.outcome.mean_steps) return a.outcome.mean_steps < b.outcome.mean_steps;
    return a.outcome.accuracy > b.outcome.accuracy;
  });
  std::vector<FrontPoint> front;
  for (const FrontPoint& point : points) {
    if (front.empty() || point.outcome.accuracy > front.back().outcome.accuracy) front.push_back(point);
  }
  std::reverse(front.begin(), front.end());
  return front;
}

}  // namespace rheobase

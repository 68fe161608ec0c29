#include "experiments/analysis/step_shapes.h"

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

double evidence_of(const std::string& policy, float score) {
  return policy == "margin" ? score : -std::log(-static_cast<double>(score));
}

float score_of(const std::string& policy, double evidence) {
  return static_cast<float>(policy == "margin" ? evidence : -std::exp(-evidence));
}

}  // namespace

double StepShape::factor(int t, int steps) const {
  const double risen = rise > 0.0 ? 1.0 - std::exp(-t / rise) : 1.0;
  return fall > 0.0 ? risen * std::min(1.0, (steps + 1.0 - t) / (fall * steps)) : risen;
}

std::vector<StepShape> step_shapes() {
  std::vector<StepShape> shapes;
  for (const double rise : {0.0, 1.0, 2.0, 3.0, 4.0, 6.0}) {
    for (const double fall : {0.0, 0.3, 0.6, 0.9}) shapes.push_back({rise, fall});
  }
  return shapes;
}

StopScores shaped(const StopScores& scores, const std::string& policy, const StepShape& shape) {
  std::vector<double> inverse;
  for (int t = 1; t <= scores.steps(); ++t) inverse.push_back(1.0 / shape.factor(t, scores.steps()));
  std::vector<float> values;
  values.reserve(scores.samples() * scores.steps());
  for (std::int64_t i = 0; i < scores.samples(); ++i) {
    for (int t = 1; t <= scores.steps(); ++t)
      values.push_back(static_cast<float>(evidence_of(policy, scores.at(i, t)) * inverse[t - 1]));
  }
  return {scores.samples(), scores.steps(), std::move(values)};
}

std::vector<float> bounds_of(float bound, const std::string& policy, const StepShape& shape, int steps) {
  std::vector<float> bounds;
  for (int t = 1; t < std::max(steps, 2); ++t)
    bounds.push_back(std::isfinite(bound) ? score_of(policy, bound * shape.factor(t, steps)) : bound);
  return bounds;
}

}  // namespace rheobase

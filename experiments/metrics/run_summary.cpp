#include "experiments/metrics/run_summary.h"

#include <algorithm>
#include <utility>

#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

double ratio(double part, double whole) { return whole > 0.0 ? part / whole : 0.0; }

}  // namespace

RunSummary::RunSummary(int steps, std::vector<SpikingNode> spiking)
    : spiking_(std::move(spiking)), exits_(steps, 0), correct_(steps, 0), spikes_(spiking_.size(), 0) {}

void RunSummary::add(const SampleResult& result, int label) {
  const std::size_t classes = result.logits_by_step.size() / result.steps;
  bool right = false;
  for (int t = 1; t <= steps(); ++t) {
    if (t <= result.steps) right = argmax(result.logits_by_step.subspan((t - 1) * classes, classes)) == label;
    correct_[t - 1] += right ? 1 : 0;
  }
  for (std::size_t i = 0; i < spikes_.size(); ++i) spikes_[i] += result.spike_counts[i];
  ++exits_.at(result.steps - 1);
  ++samples_;
  image_steps_ += result.steps;
  hash_ += result.spike_hash;
}

double RunSummary::accuracy_at(int t) const {
  return ratio(static_cast<double>(correct_.at(t - 1)), static_cast<double>(samples_));
}

std::vector<double> RunSummary::accuracy_by_step() const {
  std::vector<double> result;
  for (int t = 1; t <= steps(); ++t) result.push_back(accuracy_at(t));
  return result;
}

double RunSummary::mean_steps() const {
  return ratio(static_cast<double>(image_steps_), static_cast<double>(samples_));
}

std::vector<double> RunSummary::firing_rates() const {
  std::vector<double> rates;
  for (std::size_t i = 0; i < spiking_.size(); ++i) {
    const double opportunities = static_cast<double>(spiking_[i].neurons) * static_cast<double>(image_steps_);
    rates.push_back(ratio(static_cast<double>(spikes_[i]), opportunities));
  }
  return rates;
}

}  // namespace rheobase

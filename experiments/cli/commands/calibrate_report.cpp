#include "experiments/cli/commands/calibrate_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/commands/stop_text.h"
#include "experiments/cli/output.h"

namespace rheobase {
namespace {

Json outcome_json(const Outcome& outcome) {
  return {{"accuracy", outcome.accuracy}, {"mean_steps", outcome.mean_steps}};
}

Json cost_json(const MeanCost& cost) {
  return {{"spikes", cost.spikes}, {"Effective_ACs", cost.acs}, {"Effective_MACs", cost.macs}};
}

Json interval_json(const Interval& interval) { return std::vector{interval.low, interval.high}; }

// The cheapest rule of the front for some losses against all steps.
std::string front_text(const Calibration& calibration) {
  std::string text = fmt::format("{:>9}  {:>10}  {:>10}  stop\n", "lost", "accuracy", "mean steps");
  const CalibrationPoint* shown = nullptr;
  for (const double loss : {0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1}) {
    const CalibrationPoint* cheapest = nullptr;
    for (const CalibrationPoint& point : calibration.front) {
      if (point.outcome.accuracy >= calibration.full.accuracy - loss - 1e-9) cheapest = &point;
    }
    if (cheapest == nullptr || cheapest == shown) continue;
    shown = cheapest;
    const Outcome& outcome = cheapest->outcome;
    text += fmt::format("{:>9.2f}  {:>8.2f} %  {:>10.2f}  {}\n",
                        100.0 * (calibration.full.accuracy - outcome.accuracy), 100.0 * outcome.accuracy,
                        outcome.mean_steps, stop_text(cheapest->stop));
  }
  return text;
}

std::string cost_text(const MeanCost& chosen, const MeanCost& full) {
  const auto saved = [](double part, double whole) {
    return whole > 0.0 ? 100.0 * (1.0 - part / whole) : 0.0;
  };
  const double chosen_operations = chosen.acs + chosen.macs;
  return fmt::format("per sample {} spikes and {} synaptic operations: {:.1f} % and {:.1f} % fewer\n",
                     short_count(chosen.spikes), short_count(chosen_operations),
                     saved(chosen.spikes, full.spikes), saved(chosen_operations, full.acs + full.macs));
}

// Where early stops lose most: a loss that is small on average may be large there.
std::string early_loss_text(const std::vector<StoppedBy>& by_step) {
  const auto share = [](const StoppedBy& by) {
    return by.samples > 0 ? static_cast<double>(by.lost) / static_cast<double>(by.samples) : 0.0;
  };
  const auto worst = std::max_element(by_step.begin(), by_step.end(),
                                      [&](const auto& a, const auto& b) { return share(a) < share(b); });
  if (worst->lost == 0) return "";
  return fmt::format(
      "stopped early: of the {} samples stopped by step {}, {:.2f} % lost, the largest share by any step\n",
      worst->samples, worst - by_step.begin() + 1, 100.0 * share(*worst));
}

std::string goal_text(const CalibrationOptions& options) {
  if (options.goal.max_steps) return fmt::format("at most {:g} steps on average", *options.goal.max_steps);
  std::string text = fmt::format("at most {:g} points lost", 100.0 * *options.goal.max_loss);
  if (options.guarantee) {
    text += fmt::format(" of all samples drawn like these{}, with {:g} % confidence",
                        options.conditional ? ", and of those stopped by every step" : "",
                        100.0 * *options.guarantee);
  }
  return text;
}

}  // namespace

Json calibration_json(const RecordingInfo& samples, const CalibrationOptions& options,
                      const Calibration& calibration) {
  Json json{{"schema", 1},
            {"model", samples.model},
            {"data", samples.data},
            {"split", samples.split},
            {"first", samples.first},
            {"samples", samples.samples},
            {"steps", samples.steps},
            {"stop", stop_json(calibration.stop)},
            {"full", outcome_json(calibration.full)},
            {"chosen", outcome_json(calibration.chosen)}};
  if (samples.step_ms > 0.0) {
    json["step_ms"] = samples.step_ms;
    json["full"]["mean_ms"] = samples.step_ms * calibration.full.mean_steps;
    json["chosen"]["mean_ms"] = samples.step_ms * calibration.chosen.mean_steps;
  }
  if (options.goal.max_loss) json["max_loss"] = *options.goal.max_loss;
  if (options.goal.max_steps) json["max_steps"] = *options.goal.max_steps;
  if (options.guarantee) json["guarantee"] = *options.guarantee;
  if (options.conditional) json["conditional"] = true;
  for (const StoppedBy& by : calibration.stopped_by)
    json["stopped_by"].push_back({{"samples", by.samples}, {"lost", by.lost}});
  if (calibration.full_cost) json["full"]["cost"] = cost_json(*calibration.full_cost);
  if (calibration.chosen_cost) json["chosen"]["cost"] = cost_json(*calibration.chosen_cost);
  json["intervals"] = {{"accuracy", interval_json(calibration.intervals.accuracy)},
                       {"mean_steps", interval_json(calibration.intervals.mean_steps)},
                       {"loss", interval_json(calibration.intervals.loss)}};
  json["oracles"] = {{"first_correct", outcome_json(calibration.first_correct)},
                     {"stays_correct", outcome_json(calibration.stays_correct)}};
  json["front"] = Json::array();
  for (const CalibrationPoint& point : calibration.front) {
    Json entry = outcome_json(point.outcome);
    entry["stop"] = stop_json(point.stop);
    json["front"].push_back(std::move(entry));
  }
  return json;
}

std::string calibration_text(const RecordingInfo& samples, const CalibrationOptions& options,
                             const Calibration& calibration) {
  std::string text =
      fmt::format("{} on {}, {} split, samples {} to {}, {} steps\n\n", samples.model, samples.data,
                  samples.split, samples.first, samples.first + samples.samples - 1, samples.steps);
  text += front_text(calibration);
  const OutcomeIntervals& range = calibration.intervals;
  text += fmt::format("\n{}: {}\n", goal_text(options), stop_text(calibration.stop));
  text += fmt::format(
      "accuracy {:.2f} % ({:.2f} to {:.2f}), {:.2f} points below {} steps ({:.2f} to {:.2f})\n",
      100.0 * calibration.chosen.accuracy, 100.0 * range.accuracy.low, 100.0 * range.accuracy.high,
      100.0 * (calibration.full.accuracy - calibration.chosen.accuracy), samples.steps,
      100.0 * range.loss.low, 100.0 * range.loss.high);
  // Of recordings, which may be shorter than the budget.
  const double all_steps = calibration.full.mean_steps;
  text += fmt::format("{:.2f} steps on average ({:.2f} to {:.2f}), {:.1f} % fewer than {:g}\n",
                      calibration.chosen.mean_steps, range.mean_steps.low, range.mean_steps.high,
                      100.0 * (1.0 - calibration.chosen.mean_steps / all_steps), all_steps);
  if (samples.step_ms > 0.0)
    text += fmt::format("{:.1f} ms of the recording instead of {:.1f} ms\n",
                        samples.step_ms * calibration.chosen.mean_steps, samples.step_ms * all_steps);
  if (calibration.chosen.mean_steps == all_steps)
    text += "no sample stops: no rule keeps to that and saves steps\n";
  text += early_loss_text(calibration.stopped_by);
  if (calibration.full_cost) text += cost_text(*calibration.chosen_cost, *calibration.full_cost);
  text += "intervals: 95 % bootstrap over samples, the rule kept\n\noracles, which know the labels:\n";
  const auto oracle = [&](const char* name, const Outcome& bound, const char* meaning) {
    text += fmt::format("{:<14} {:>6.2f} % after {:.2f} steps: {}\n", name, 100.0 * bound.accuracy,
                        bound.mean_steps, meaning);
  };
  oracle("first_correct", calibration.first_correct, "stop at the first right answer");
  oracle("stays_correct", calibration.stays_correct, "stop where the answer is right from then on");
  return text;
}

Json reliability_json(const std::vector<StepReliability>& rows) {
  Json json = Json::array();
  for (const StepReliability& row : rows) {
    json.push_back({{"step", row.step},
                    {"accuracy", row.accuracy},
                    {"confidence", row.confidence},
                    {"ECE", row.ece},
                    {"fitted_alpha", row.fitted_alpha},
                    {"fitted_ECE", row.fitted_ece}});
  }
  return json;
}

std::string reliability_text(const std::vector<StepReliability>& rows, double alpha) {
  std::string text = fmt::format(
      "\nconfidence max softmax(sum / {:.6g}), its expected calibration error (ECE, 15 bins), and with alpha "
      "fitted\nto the step on these samples (least negative log likelihood):\n{:>6}  {:>10}  {:>10}  {:>8}  "
      "{:>12}  {:>10}\n",
      alpha, "step", "accuracy", "confidence", "ECE", "fitted alpha", "ECE then");
  for (const StepReliability& row : rows) {
    text += fmt::format("{:>6}  {:>8.2f} %  {:>8.2f} %  {:>6.2f} %  {:>12.4g}  {:>8.2f} %\n", row.step,
                        100.0 * row.accuracy, 100.0 * row.confidence, 100.0 * row.ece, row.fitted_alpha,
                        100.0 * row.fitted_ece);
  }
  return text;
}

}  // namespace rheobase

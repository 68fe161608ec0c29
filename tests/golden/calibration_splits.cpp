// How a calibration fares on samples that it has not seen: random halves of a recording, over and over.
//
// usage: calibration_splits RECORDING.h5 POLICY by-step|one|conditional MAX_LOSS SPLITS [GUARANTEE]
//
// Prints what the rule chosen on one half loses on the other, its mean steps, and how often the other half
// loses more than MAX_LOSS: of accuracy, of samples that T steps read rightly (what a guarantee is about),
// and of those among the samples stopped by some step (what a conditional one is about; steps by which a
// hundred or more stopped). With 0 SPLITS the first half chooses, and what is lost of those stopped by each
// step of the second is printed.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <random>
#include <string>

#include "experiments/analysis/calibrate.h"

namespace rheobase {
namespace {

Recording rows_of(const Recording& recording, std::span<const std::int64_t> rows) {
  Recording some;
  some.info = recording.info;
  some.info.samples = static_cast<std::int64_t>(rows.size());
  some.info.step_costs = false;
  const std::int64_t size = recording.info.steps * recording.info.classes;
  for (const std::int64_t row : rows) {
    some.labels.push_back(recording.labels[row]);
    some.exit_steps.push_back(recording.exit_steps[row]);
    const auto logits = recording.logits.begin() + row * size;
    some.logits.insert(some.logits.end(), logits, logits + size);
  }
  return some;
}

double share_lost(const StoppedBy& by) {
  return static_cast<double>(by.lost) / static_cast<double>(std::max<std::int64_t>(1, by.samples));
}

double most_lost(const std::vector<StoppedBy>& by_step) {
  double most = 0.0;
  for (const StoppedBy& by : by_step) most = std::max(most, by.samples >= 100 ? share_lost(by) : 0.0);
  return most;
}

void print_halves(const Recording& recording, const CalibrationOptions& options) {
  std::vector<std::int64_t> rows(recording.info.samples);
  std::iota(rows.begin(), rows.end(), 0);
  const std::span<const std::int64_t> all(rows);
  const StopSettings stop =
      calibrate(rows_of(recording, all.first(rows.size() / 2)), "the first half", options).stop;
  const Recording other = rows_of(recording, all.subspan(rows.size() / 2));
  const Trace trace(other, "the second half");
  const std::vector<int> exits = exits_of(other, stop);
  const Outcome stopped = outcome(trace, exits);
  std::string text =
      fmt::format("accuracy {:.2f} %, {:.2f} steps\n{:>6}  {:>10}  {:>6}  {:>8}\n", 100.0 * stopped.accuracy,
                  stopped.mean_steps, "step", "stopped by", "lost", "share");
  int t = 0;
  for (const StoppedBy& by : stopped_by(trace, exits))
    text +=
        fmt::format("{:>6}  {:>10}  {:>6}  {:>6.2f} %\n", ++t, by.samples, by.lost, 100.0 * share_lost(by));
  std::fputs(text.c_str(), stdout);
}

void run(const Recording& recording, const CalibrationOptions& options, int splits) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> rows(recording.info.samples);
  std::iota(rows.begin(), rows.end(), 0);
  const std::span<const std::int64_t> all(rows);
  double loss = 0.0;
  double steps = 0.0;
  double worst = 0.0;
  int early = 0;
  int net = 0;
  int gross = 0;
  for (int split = 0; split < splits; ++split) {
    std::shuffle(rows.begin(), rows.end(), random);
    const Recording fit = rows_of(recording, all.first(rows.size() / 2));
    const Recording other = rows_of(recording, all.subspan(rows.size() / 2));
    const Trace trace(other, "the other half");
    const std::vector<int> exits = exits_of(other, calibrate(fit, "a half", options).stop);
    const Outcome stopped = outcome(trace, exits);
    const std::vector<int> to_the_end(trace.samples(), trace.steps());
    const double lost_here = outcome(trace, to_the_end).accuracy - stopped.accuracy;
    const std::vector<StoppedBy> by_step = stopped_by(trace, exits);
    const double worst_here = most_lost(by_step);
    worst += worst_here;
    early += worst_here > *options.goal.max_loss ? 1 : 0;
    loss += lost_here;
    steps += stopped.mean_steps;
    net += lost_here > *options.goal.max_loss ? 1 : 0;
    gross += share_lost(by_step.back()) > *options.goal.max_loss ? 1 : 0;
  }
  const std::string line = fmt::format(
      "{}{}: {:.3f} points lost, {:.2f} steps; more than {} lost in {} of {} halves, of samples read rightly "
      "in {}, of those stopped by a step in {} ({:.3f} points on average)\n",
      options.policy,
      options.by_step       ? " by step"
      : options.conditional ? " conditional"
                            : "",
      100.0 * loss / splits, steps / splits, *options.goal.max_loss, net, splits, gross, early,
      100.0 * worst / splits);
  std::fputs(line.c_str(), stdout);
}

}  // namespace
}  // namespace rheobase

int main(int count, char** words) {
  if (count != 6 && count != 7) {
    std::fputs(
        "usage: calibration_splits RECORDING.h5 POLICY by-step|one|conditional MAX_LOSS SPLITS [GUARANTEE]\n",
        stderr);
    return 2;
  }
  try {
    rheobase::CalibrationOptions options;
    options.policy = words[2];
    options.alphas = rheobase::default_alphas(options.policy);
    options.by_step = std::string(words[3]) == "by-step";
    options.goal.max_loss = std::stod(words[4]);
    options.conditional = std::string(words[3]) == "conditional";
    if (count == 7) options.guarantee = std::stod(words[6]);
    const int splits = std::stoi(words[5]);
    const rheobase::Recording recording = rheobase::read_recording(words[1]);
    if (splits == 0) {
      rheobase::print_halves(recording, options);
    } else {
      rheobase::run(recording, options, splits);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fputs((std::string(error.what()) + "\n").c_str(), stderr);
    return 1;
  }
}

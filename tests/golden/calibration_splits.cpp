// How a calibration fares on samples that it has not seen: random halves of a recording, over and over.
//
// usage: calibration_splits RECORDING.h5 POLICY by-step|one MAX_LOSS SPLITS [GUARANTEE]
//
// Prints what the rule chosen on one half loses on the other, its mean steps, and how often the other half
// loses more than MAX_LOSS: of accuracy, and of samples that T steps read rightly (what a guarantee is
// about).

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

void run(const Recording& recording, const CalibrationOptions& options, int splits) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> rows(recording.info.samples);
  std::iota(rows.begin(), rows.end(), 0);
  const std::span<const std::int64_t> all(rows);
  double loss = 0.0;
  double steps = 0.0;
  int net = 0;
  int gross = 0;
  for (int split = 0; split < splits; ++split) {
    std::shuffle(rows.begin(), rows.end(), random);
    const Recording fit = rows_of(recording, all.first(rows.size() / 2));
    const Recording other = rows_of(recording, all.subspan(rows.size() / 2));
    const Trace trace(other, "the other half");
    const std::vector<int> exits = exits_of(other, calibrate(fit, "a half", options).stop);
    const Outcome stopped = outcome(trace, exits);
    std::int64_t right = 0;
    std::int64_t lost = 0;
    for (std::int64_t i = 0; i < trace.samples(); ++i) {
      right += trace.correct(i, trace.steps()) ? 1 : 0;
      lost += trace.correct(i, trace.steps()) && !trace.correct(i, exits[i]) ? 1 : 0;
    }
    const auto count = static_cast<double>(trace.samples());
    const double lost_here = static_cast<double>(right) / count - stopped.accuracy;
    loss += lost_here;
    steps += stopped.mean_steps;
    net += lost_here > *options.goal.max_loss ? 1 : 0;
    gross += static_cast<double>(lost) / count > *options.goal.max_loss ? 1 : 0;
  }
  const std::string line = fmt::format(
      "{}{}: {:.3f} points lost, {:.2f} steps; more than {} lost in {} of {} halves, of samples read rightly "
      "in {}\n",
      options.policy, options.by_step ? " by step" : "", 100.0 * loss / splits, steps / splits,
      *options.goal.max_loss, net, splits, gross);
  std::fputs(line.c_str(), stdout);
}

}  // namespace
}  // namespace rheobase

int main(int count, char** words) {
  if (count != 6 && count != 7) {
    std::fputs("usage: calibration_splits RECORDING.h5 POLICY by-step|one MAX_LOSS SPLITS [GUARANTEE]\n",
               stderr);
    return 2;
  }
  try {
    rheobase::CalibrationOptions options;
    options.policy = words[2];
    options.alphas = rheobase::default_alphas(options.policy);
    options.by_step = std::string(words[3]) == "by-step";
    options.goal.max_loss = std::stod(words[4]);
    if (count == 7) options.guarantee = std::stod(words[6]);
    rheobase::run(rheobase::read_recording(words[1]), options, std::stoi(words[5]));
    return 0;
  } catch (const std::exception& error) {
    std::fputs((std::string(error.what()) + "\n").c_str(), stderr);
    return 1;
  }
}

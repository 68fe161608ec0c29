#include "experiments/analysis/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace rheobase {
namespace {

std::vector<std::uint8_t> correct_by_step(const Recording& recording, const std::string& path) {
  const RecordingInfo& info = recording.info;
  std::vector<std::uint8_t> correct;
  correct.reserve(info.samples * info.steps);
  for (std::int64_t row = 0; row < info.samples; ++row) {
    const auto refuse = [&](const std::string& reason) {
      throw InputError(path, fmt::format("sample {}", info.first + row), reason);
    };
    if (recording.labels[row] < 0) refuse("has no label");
    if (recording.exit_steps[row] != info.steps && recording.stopped[row] != 0)
      refuse(fmt::format("stopped after {} of {} steps: record a run with --stop never",
                         recording.exit_steps[row], info.steps));
    for (std::int64_t t = 1; t <= info.steps; ++t)
      correct.push_back(argmax(recording.logits_at(row, t)) == recording.labels[row] ? 1 : 0);
  }
  return correct;
}

// Nothing where all samples have T steps.
std::vector<int> ends_of(const Recording& recording) {
  const bool same = std::all_of(recording.exit_steps.begin(), recording.exit_steps.end(),
                                [&](std::int64_t exit) { return exit == recording.info.steps; });
  if (same) return {};
  return {recording.exit_steps.begin(), recording.exit_steps.end()};
}

}  // namespace

Trace::Trace(const Recording& recording, const std::string& path)
    : Trace(recording.info.samples, static_cast<int>(recording.info.steps), correct_by_step(recording, path),
            ends_of(recording), recording.info.stop.readout_delay) {}

Trace::Trace(std::int64_t samples, int steps, std::vector<std::uint8_t> correct, std::vector<int> ends,
             int delay)
    : samples_(samples), steps_(steps), correct_(std::move(correct)), ends_(std::move(ends)), delay_(delay) {
  if (samples < 1 || steps < 1 || delay < 0 || delay >= steps ||
      static_cast<std::int64_t>(correct_.size()) != samples * steps ||
      (!ends_.empty() && static_cast<std::int64_t>(ends_.size()) != samples))
    throw InternalError("a trace needs samples, steps and an answer for each");
}

Trace Trace::of(std::span<const std::int64_t> samples) const {
  std::vector<std::uint8_t> correct;
  std::vector<int> ends;
  correct.reserve(samples.size() * steps_);
  for (const std::int64_t sample : samples) {
    const auto row = correct_.begin() + sample * steps_;
    correct.insert(correct.end(), row, row + steps_);
    if (!ends_.empty()) ends.push_back(ends_[sample]);
  }
  return {static_cast<std::int64_t>(samples.size()), steps_, std::move(correct), std::move(ends), delay_};
}

Outcome outcome(const Trace& trace, std::span<const int> exits) {
  std::int64_t right = 0;
  std::int64_t steps = 0;
  for (std::int64_t i = 0; i < trace.samples(); ++i) {
    right += trace.correct(i, exits[i]) ? 1 : 0;
    steps += trace.exit_of(i, exits[i]);
  }
  const auto count = static_cast<double>(trace.samples());
  return {static_cast<double>(right) / count, static_cast<double>(steps) / count};
}

std::vector<Outcome> deadline_curve(const Trace& trace, std::span<const int> exits) {
  std::vector<Outcome> curve;
  std::vector<int> ends(exits.begin(), exits.end());
  for (int deadline = 1; deadline <= trace.steps(); ++deadline) {
    for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = std::min(exits[i], deadline);
    curve.push_back(outcome(trace, ends));
  }
  return curve;
}

std::vector<int> exits_of(const Recording& recording, const StopSettings& stop) {
  const auto policy = make_stop_policy(stop);
  const auto steps = static_cast<int>(recording.info.steps);
  std::vector<int> exits(recording.info.samples, steps);
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    StopMemory memory;
    for (int t = 1; t < steps; ++t) {
      if (!policy.stop(recording.logits_at(row, t), t, memory)) continue;
      exits[row] = t;
      break;
    }
  }
  return exits;
}

std::optional<MeanCost> mean_cost(const Recording& recording, std::span<const int> exits) {
  if (!recording.info.step_costs) return std::nullopt;
  std::uint64_t spikes = 0;
  std::uint64_t acs = 0;
  std::uint64_t macs = 0;
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    for (std::int64_t t = 0; t < exits[row]; ++t) {
      const StepCost& cost = recording.step_costs[row * recording.info.steps + t];
      spikes += cost.spikes;
      acs += cost.acs;
      macs += cost.macs;
    }
  }
  const auto count = static_cast<double>(recording.info.samples);
  return MeanCost{static_cast<double>(spikes) / count, static_cast<double>(acs) / count,
                  static_cast<double>(macs) / count};
}

std::vector<int> first_correct(const Trace& trace) {
  std::vector<int> exits(trace.samples(), trace.steps());
  for (std::int64_t i = 0; i < trace.samples(); ++i) {
    int t = trace.delay() + 1;
    while (t < trace.steps() && !trace.correct(i, t)) ++t;
    exits[i] = t;
  }
  return exits;
}

std::vector<int> stays_correct(const Trace& trace) {
  std::vector<int> exits(trace.samples(), trace.steps());
  for (std::int64_t i = 0; i < trace.samples(); ++i) {
    int t = trace.steps();
    if (trace.correct(i, t)) {
      while (t > trace.delay() + 1 && trace.correct(i, t - 1)) --t;
    }
    exits[i] = t;
  }
  return exits;
}

}  // namespace rheobase

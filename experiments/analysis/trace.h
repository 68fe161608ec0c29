#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/format/recording_file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// What N samples answer after every one of T steps: a recording of a run without stopping holds the outcome
/// of every stop rule.
class Trace {
 public:
  /// Throws InputError naming `path` where a sample stopped before T or has no label.
  Trace(const Recording& recording, const std::string& path);
  /// `correct`: [N][T], 1 where the largest accumulated logit is the label's.
  /// `ends`: steps that each sample has of its own, 1..T; none where all have T. Its answer then stays.
  /// `delay`: steps in which no rule may stop, 0..T - 1.
  Trace(std::int64_t samples, int steps, std::vector<std::uint8_t> correct, std::vector<int> ends = {},
        int delay = 0);

  std::int64_t samples() const { return samples_; }
  int steps() const { return steps_; }
  int delay() const { return delay_; }  ///< of the readout: nothing stops in these first steps
  /// When a sample that is to exit at t = 1..T does: earlier where it is over before.
  int exit_of(std::int64_t sample, int t) const { return ends_.empty() ? t : std::min(t, ends_[sample]); }
  /// After step t = 1..T.
  bool correct(std::int64_t sample, int t) const { return correct_[sample * steps_ + t - 1] != 0; }
  /// Right after T steps and wrong after step t.
  bool lost(std::int64_t sample, int t) const { return correct(sample, steps_) && !correct(sample, t); }

  /// The trace of some samples, in this order; one may come several times.
  Trace of(std::span<const std::int64_t> samples) const;

 private:
  std::int64_t samples_;
  int steps_;
  std::vector<std::uint8_t> correct_;
  std::vector<int> ends_;
  int delay_;
};

/// What exit times come to. Those beyond a sample's end are its end.
struct Outcome {
  double accuracy = 0.0;    ///< share of samples read rightly at their exit
  double mean_steps = 0.0;  ///< exit time on average

  bool operator==(const Outcome&) const = default;
};

/// Every sample read after exits[i] steps.
Outcome outcome(const Trace& trace, std::span<const int> exits);

/// The deadline curve: every sample read at min(its exit, d), for d = 1..T.
std::vector<Outcome> deadline_curve(const Trace& trace, std::span<const int> exits);

/// Exit times of samples that a rule watches: 1..T, T where it never says stop. Throws InputError for a rule
/// that makes no policy (make_stop_policy).
std::vector<int> exits_of(const Recording& recording, const StopSettings& stop);

/// What a sample takes up to its exit, on average.
struct MeanCost {
  double spikes = 0.0;
  double acs = 0.0;   ///< effective accumulates
  double macs = 0.0;  ///< effective multiply-accumulates
};

/// Nothing where the recording has no step costs.
std::optional<MeanCost> mean_cost(const Recording& recording, std::span<const int> exits);

/// The two upper bounds that need the labels, of exits behind the readout delay. They are no policies:
/// nothing that runs can know them.
///   first_correct  the first step whose answer is right; T where none is. A sample that is right at any step
///   counts as
///                  right (the upper bound of Dynamic Confidence; "empirical AET" in SEENN).
///   stays_correct  the first step from which on the answer stays right until T; T where it is wrong there.
///   Its accuracy
///                  is that of T steps ("OCT", optimal cutoff time step).
std::vector<int> first_correct(const Trace& trace);
std::vector<int> stays_correct(const Trace& trace);

}  // namespace rheobase

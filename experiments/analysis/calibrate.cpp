#include "experiments/analysis/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "experiments/analysis/guarantee.h"
#include "experiments/analysis/step_shapes.h"
#include "experiments/analysis/stop_scores.h"
#include "experiments/analysis/threshold_front.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"

namespace rheobase {
namespace {

// Rules that differ by one number only: how much evidence they ask for.
struct Family {
  double alpha = 1.0;
  StepShape shape;

  bool operator==(const Family&) const = default;
};

// A rule before it is spelled as settings.
struct Candidate {
  Family family;
  float bound = 0.0F;
  Outcome outcome;
};

// Those that no other one beats, both accuracy and steps falling.
std::vector<Candidate> pareto(std::vector<Candidate> all) {
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    if (a.outcome.mean_steps != b.outcome.mean_steps) return a.outcome.mean_steps < b.outcome.mean_steps;
    return a.outcome.accuracy > b.outcome.accuracy;
  });
  std::vector<Candidate> front;
  for (const Candidate& one : all) {
    if (front.empty() || one.outcome.accuracy > front.back().outcome.accuracy) front.push_back(one);
  }
  std::reverse(front.begin(), front.end());
  return front;
}

// The front's point that keeps to the goal; nothing where none does.
const Candidate* choose(const std::vector<Candidate>& front, const CalibrationGoal& goal, double full) {
  constexpr double rounding = 1e-9;
  const Candidate* best = nullptr;
  for (const Candidate& one : front) {
    if (goal.max_loss && one.outcome.accuracy < full - *goal.max_loss - rounding) break;
    best = &one;
    if (goal.max_steps && one.outcome.mean_steps <= *goal.max_steps) return best;
  }
  return goal.max_loss ? best : nullptr;
}

// Samples, and the scores of every alpha on them.
class Samples {
 public:
  Samples(const Recording& recording, const std::string& path, const CalibrationOptions& options)
      : options_(options), trace_(recording, path) {
    for (const double alpha : options.alphas) scores_.push_back({recording, options.policy, alpha});
  }
  // Scores by alpha.
  Samples(const CalibrationOptions& options, Trace trace, std::vector<StopScores> scores)
      : options_(options), trace_(std::move(trace)), scores_(std::move(scores)) {}

  Samples of(const std::vector<std::int64_t>& samples) const {
    Samples some{options_, trace_.of(samples), {}};
    for (const StopScores& scores : scores_) some.scores_.push_back(scores.of(samples));
    return some;
  }

  const Trace& trace() const { return trace_; }

  std::vector<Family> families() const {
    std::vector<Family> all;
    for (const double alpha : options_.alphas) {
      for (const StepShape& shape : options_.by_step ? step_shapes() : std::vector<StepShape>(1))
        all.push_back({alpha, shape});
    }
    return all;
  }

  // Numbers of which one bound makes a rule of the family.
  StopScores scores(const Family& family) const {
    const StopScores& plain = plain_scores(family.alpha);
    return options_.by_step ? shaped(plain, options_.policy, family.shape) : plain;
  }

  // What the policy does under these settings, which hold a bound as well as they can.
  std::vector<int> exits(const StopSettings& stop) const {
    return plain_scores(stop.alpha).exits(bounds_of(stop));
  }

  StopSettings settings(double alpha, std::span<const float> bounds) const {
    StopSettings stop = settings_of(options_.policy, alpha, bounds);
    stop.readout_delay = trace_.delay();
    return stop;
  }

  StopSettings settings(const Candidate& one) const {
    const std::vector<float> bounds =
        options_.by_step ? bounds_of(one.bound, options_.policy, one.family.shape, trace_.steps())
                         : std::vector<float>{one.bound};
    return settings(one.family.alpha, bounds);
  }

  // Of these samples, to be tested on others.
  std::vector<RuleByStep> conditional_sequence(const Guarantee& guarantee, std::int64_t tested) const {
    return rheobase::conditional_sequence(trace_, scores_, options_.alphas, options_.policy, guarantee,
                                          tested);
  }

  // Never to stop: always a choice.
  Candidate never() const {
    const std::vector<int> to_the_end(trace_.samples(), trace_.steps());
    return {families().front(), never_bound, outcome(trace_, to_the_end)};
  }

  // Of every family's front, by what the settings come to.
  std::vector<Candidate> front() const {
    std::vector<Candidate> all;
    for (const Family& family : families()) {
      const std::vector<FrontPoint> curve = threshold_curve(trace_, scores(family));
      for (const FrontPoint& point : pareto_front(curve)) {
        Candidate one{family, point.bound, point.outcome};
        if (!options_.by_step) one.outcome = outcome_at(curve, bounds_of(settings(one)).front());
        all.push_back(one);
      }
    }
    all = pareto(std::move(all));
    if (options_.by_step) {
      for (Candidate& one : all) one.outcome = outcome(trace_, exits(settings(one)));
    }
    all.push_back(never());
    return pareto(std::move(all));
  }

  // The front's point that keeps to the goal.
  Candidate choice(const std::vector<Candidate>& front) const {
    if (const Candidate* const best = choose(front, options_.goal, never().outcome.accuracy)) return *best;
    throw InputError(
        "--max-steps", fmt::format("{}", *options_.goal.max_steps),
        fmt::format("no threshold stops that early: the least is {:.2f}", front.back().outcome.mean_steps));
  }

 private:
  const StopScores& plain_scores(double alpha) const {
    return scores_[std::find(options_.alphas.begin(), options_.alphas.end(), alpha) -
                   options_.alphas.begin()];
  }

  const CalibrationOptions& options_;
  Trace trace_;
  std::vector<StopScores> scores_;  // by alpha
};

// The laxest rule of a sequence that passes the test on these samples, in which the sequence had no part.
StopSettings tested(const Samples& samples, const Family& family, const std::vector<float>& sequence,
                    const Guarantee& guarantee) {
  const auto rule_of = [&](std::int64_t rule) { return samples.settings({family, sequence[rule], {}}); };
  const auto passed =
      guaranteed_prefix(samples.trace(), static_cast<std::int64_t>(sequence.size()), guarantee,
                        [&](std::int64_t rule) { return samples.exits(rule_of(rule)); });
  return rule_of(passed - 1);  // never to stop, which comes first, passes where there are enough samples
}

// The samples that choose what is to be tested, and those that test it.
struct Split {
  std::vector<std::int64_t> choose;
  std::vector<std::int64_t> test;
};

// One sample of `choosing`, drawn at random whatever order they come in, chooses; none where it is 0. Throws
// where the others are too few for a rule to pass at all.
Split split(std::int64_t samples, std::uint64_t choosing, const Guarantee& guarantee) {
  Split parts;
  for (std::int64_t i = 0; i < samples; ++i) {
    const bool chooses = choosing > 0 && mix64(static_cast<std::uint64_t>(i)) % choosing == 0;
    (chooses ? parts.choose : parts.test).push_back(i);
  }
  const double needed = samples_needed(guarantee);
  if (static_cast<double>(parts.test.size()) >= needed) return parts;
  const auto share = static_cast<double>(choosing);
  throw InputError(
      "--guarantee", fmt::format("{}", guarantee.confidence),
      fmt::format("{} samples cannot show a loss of at most {}: it takes about {:.0f}", samples,
                  guarantee.max_loss, std::ceil(choosing > 0 ? needed * share / (share - 1.0) : needed)));
}

// `stable` leaves nothing to choose. Else a third of the samples chooses thresholds by step.
StopSettings conditionally_guaranteed(const Samples& samples, const CalibrationOptions& options) {
  const Guarantee guarantee{*options.goal.max_loss, *options.guarantee};
  const bool choose_first = options.policy != "stable";
  const Split parts = split(samples.trace().samples(), choose_first ? 3 : 0, guarantee);
  const auto tests = static_cast<std::int64_t>(parts.test.size());
  const std::vector<RuleByStep> sequence =
      choose_first ? samples.of(parts.choose).conditional_sequence(guarantee, tests)
                   : conditional_sequence_of_stable(options.alphas.front(), samples.trace().steps(),
                                                    samples.trace().delay());
  const Samples tested_on = samples.of(parts.test);
  const auto settings = [&](const RuleByStep& rule) { return samples.settings(rule.alpha, rule.bounds); };
  const auto passed = passing_prefix(
      static_cast<std::int64_t>(sequence.size()), guarantee.confidence, [&](std::int64_t number) {
        const RuleByStep& rule = sequence[number];
        const std::vector<int> exits = tested_on.exits(settings(rule));
        return conditional_p_value(stopped_by(tested_on.trace(), exits), rule.first, guarantee.max_loss);
      });
  // Never to stop loses nothing, so it needs no test.
  return passed > 0 ? settings(sequence[passed - 1]) : samples.settings(samples.never());
}

// A single family leaves nothing to choose before the test: all samples serve it. Else a fifth of the samples
// chooses the family and orders its thresholds, and the others test them.
StopSettings guaranteed(const Samples& samples, const CalibrationOptions& options) {
  constexpr std::size_t most_tests = 500;
  const Guarantee guarantee{*options.goal.max_loss, *options.guarantee};
  const std::vector<Family> families = samples.families();
  const bool choose_first = families.size() > 1;
  const Split parts = split(samples.trace().samples(), choose_first ? 5 : 0, guarantee);
  if (!choose_first) {
    return tested(samples, families.front(), bound_sequence(options.policy, samples.trace().steps()),
                  guarantee);
  }
  const Samples chosen_on = samples.of(parts.choose);
  const Family family = chosen_on.choice(chosen_on.front()).family;
  const std::vector<FrontPoint> curve = threshold_curve(chosen_on.trace(), chosen_on.scores(family));
  std::vector<float> sequence;
  for (std::size_t i = 0; i < curve.size(); i += 1 + curve.size() / most_tests)
    sequence.push_back(curve[i].bound);
  return tested(samples.of(parts.test), family, sequence, guarantee);
}

void check(const Recording& recording, const std::string& path, const CalibrationOptions& options) {
  if (options.goal.max_loss.has_value() == options.goal.max_steps.has_value() || options.alphas.empty() ||
      (options.guarantee && !options.goal.max_loss) || (options.conditional && !options.guarantee))
    throw InternalError("a calibration needs one goal, and a guarantee a loss");
  constexpr std::int64_t least_samples = 10;  // one of five is none of fewer
  if (recording.info.samples < least_samples)
    throw InputError(path, fmt::format("{} samples", recording.info.samples), "too few to calibrate on");
  if (recording.info.steps < 2)
    throw InputError(path, fmt::format("{} step", recording.info.steps), "leaves nothing to stop");
  const int delay = recording.info.stop.readout_delay;
  if (recording.info.steps - delay < 2)
    throw InputError("--readout-delay", fmt::format("{}", delay),
                     fmt::format("of {} steps leaves nothing to stop", recording.info.steps));
  if (options.policy == "stable" && options.by_step)
    throw InputError("--by-step", "", "does not go with --stop stable");
}

}  // namespace

std::vector<double> default_alphas(const std::string& policy) {
  if (policy == "confidence" || policy == "entropy") return {1.0, 2.0, 4.0, 8.0, 16.0, 32.0};
  return {1.0};
}

std::vector<CalibrationPoint> stop_front(const Trace& trace, const StopScores& scores,
                                         const CalibrationOptions& options) {
  const Samples samples(options, trace, {scores});
  std::vector<CalibrationPoint> points;
  for (const Candidate& one : samples.front()) points.push_back({samples.settings(one), one.outcome});
  return points;
}

Calibration calibrate(const Recording& recording, const std::string& path,
                      const CalibrationOptions& options) {
  check(recording, path, options);
  const Samples samples(recording, path, options);
  const std::vector<Candidate> front = samples.front();
  Calibration calibration;
  calibration.full = samples.never().outcome;
  for (const Candidate& one : front) calibration.front.push_back({samples.settings(one), one.outcome});
  calibration.stop = options.conditional ? conditionally_guaranteed(samples, options)
                     : options.guarantee ? guaranteed(samples, options)
                                         : samples.settings(samples.choice(front));
  const std::vector<int> exits = exits_of(recording, calibration.stop);
  calibration.chosen = outcome(samples.trace(), exits);
  calibration.stopped_by = stopped_by(samples.trace(), exits);
  calibration.intervals = bootstrap(samples.trace(), exits);
  calibration.chosen_cost = mean_cost(recording, exits);
  const std::vector<int> to_the_end(recording.info.samples, static_cast<int>(recording.info.steps));
  calibration.full_cost = mean_cost(recording, to_the_end);
  calibration.first_correct = outcome(samples.trace(), first_correct(samples.trace()));
  calibration.stays_correct = outcome(samples.trace(), stays_correct(samples.trace()));
  return calibration;
}

}  // namespace rheobase

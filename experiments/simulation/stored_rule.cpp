#include "experiments/simulation/stored_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"
#include "sim/core/file.h"

namespace rheobase {

std::string graph_sha256(const Graph& graph) { return sha256(dump(graph)); }

CalibrationSamples calibration_of(const RecordingInfo& info, const Graph& graph) {
  CalibrationSamples from;
  from.data = info.data;
  from.data_sha256 = info.data_sha256;
  from.split = info.split;
  from.first = info.first;
  from.samples = info.samples;
  from.steps = info.steps;
  from.coding = info.coding;
  from.binning = info.binning;
  from.seed = info.coding == "poisson" ? info.seed : 0;
  from.network_sha256 = graph_sha256(graph);
  from.sample_hashes = info.sample_hashes;
  std::sort(from.sample_hashes.begin(), from.sample_hashes.end());
  return from;
}

std::string goal_text(const CalibrationSamples& from) {
  if (from.max_steps) return fmt::format("to take at most {:g} steps on average", *from.max_steps);
  if (!from.max_loss) return "";
  std::string text = fmt::format("to lose at most {:g} points", 100.0 * *from.max_loss);
  if (from.guarantee) text += fmt::format(" with {:g} % confidence", 100.0 * *from.guarantee);
  if (from.conditional) text += ", among the samples stopped by every step too";
  return text;
}

std::vector<RuleDifference> rule_differences(const Model& model, const std::string& coding, int steps,
                                             const std::string& binning) {
  std::vector<RuleDifference> found;
  if (!model.calibration) return found;  // set by hand: what it holds for is the user's to know
  const CalibrationSamples& from = *model.calibration;
  if (coding != (from.coding.empty() ? "direct" : from.coding))
    found.push_back({"coding", from.coding, coding});
  if (coding == from.coding && binning != from.binning) found.push_back({"binning", from.binning, binning});
  if (steps != from.steps)
    found.push_back({"steps", fmt::format("{}", from.steps), fmt::format("{}", steps)});
  if (from.network_sha256.empty()) return found;
  const std::string network = graph_sha256(model.graph);
  if (network != from.network_sha256)
    found.push_back({"network", from.network_sha256.substr(0, 16), network.substr(0, 16)});
  return found;
}

std::string differences_text(const std::vector<RuleDifference>& differences) {
  std::string text;
  for (const RuleDifference& d : differences) {
    text += fmt::format("{}calibrated for {} {}, used with {}", text.empty() ? "" : "; ", d.condition,
                        d.calibrated.empty() ? "(not stated)" : d.calibrated, d.used);
  }
  return text;
}

void refuse_differences(const std::vector<RuleDifference>& differences, const std::string& model) {
  if (differences.empty()) return;
  const auto is = [](const char* condition) {
    return [condition](const RuleDifference& d) { return d.condition == condition; };
  };
  std::string where = "--stop stored";
  std::string again = fmt::format("rheobase calibrate {}", model);
  for (const char* condition : {"coding", "steps"}) {
    const auto found = std::find_if(differences.begin(), differences.end(), is(condition));
    if (found == differences.end()) continue;
    where += fmt::format(", --{} {}", condition, found->used);
    again += fmt::format(" --{} {}", condition, found->used);
  }
  throw InputError(
      where, "",
      fmt::format("the rule that {} stores is not for this: {}; calibrate it ({} ...) or, knowing that "
                  "neither its loss nor its guarantee holds then, give --beyond-calibration",
                  model, differences_text(differences), again));
}

Notes notes_of_older_rule(const Model& model) {
  if (!model.stop) return {};
  if (!model.calibration)
    return {{"/stop", "the stored rule does not say what it was chosen for: calibrate to know"}};
  if (model.calibration->coding.empty()) {
    return {{"/stop",
             "the stored rule is of an earlier version, which kept neither its coding (taken to be direct) "
             "nor its "
             "samples (known by their files only): calibrate again to have them checked"}};
  }
  if (model.calibration->sample_hashes.empty()) {
    return {{"/stop",
             "the stored rule comes from a recording of an earlier version, and its samples are known by "
             "their files "
             "only: calibrate again to have them checked"}};
  }
  return {};
}

SampleOverlap calibration_overlap(const CalibrationSamples& from, const RecordingInfo& run,
                                  const std::string& data_sha256) {
  if (!from.sample_hashes.empty()) return overlap_of(run.sample_hashes, from.sample_hashes);
  const bool same_data = from.data_sha256.empty() ? from.data == run.data && from.split == run.split
                                                  : from.data_sha256 == data_sha256;
  const std::int64_t first = std::max(from.first, run.first);
  const std::int64_t last = std::min(from.first + from.samples, run.first + run.samples) - 1;
  if (!same_data || first > last) return {};
  return {last - first + 1, first - run.first, last - run.first};
}

void refuse_calibration_samples(const CalibrationSamples& from, const RecordingInfo& run,
                                const SampleOverlap& overlap) {
  if (!is_too_much(overlap, static_cast<std::size_t>(run.samples))) return;
  throw InputError(
      "--stop", "stored",
      fmt::format(
          "was calibrated on {} of these {} samples too, from {} to {} (as {}, {} split, samples {} to {}): "
          "choose others with --offset and --limit, or allow them with --calibration-samples",
          overlap.count, run.samples, run.first + overlap.first, run.first + overlap.last, from.data,
          from.split, from.first, from.first + from.samples - 1));
}

Notes overlap_notes(const SampleOverlap& overlap, std::int64_t samples, const std::string& among) {
  if (overlap.count == 0) return {};
  return {{"", fmt::format("{} of these {} samples {}", overlap.count, samples, among)}};
}

}  // namespace rheobase

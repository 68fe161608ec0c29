#include "experiments/cli/commands/run_options.h"

#include <fmt/format.h>

#include <charconv>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/simulation_options.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

CommandSpec run_spec() {
  CommandSpec spec{
      "run",
      "Simulates a model on a data set and reports accuracy, steps, firing rates and cost. Without\n"
      "--stop every sample runs all T steps.",
      {"MODEL.h5"},
      "--data SPEC"};
  add_simulation_options(spec, "test");
  spec.add("stop", text_argument("POLICY", "never"),
           "never confidence margin entropy stable, or stored: the model's own");
  spec.add(
      "threshold", text_argument("X[,X...]"),
      "confidence: stop when max softmax(sum/alpha) > X; margin: (first - second)/alpha > X; entropy: "
      "normalised entropy < X; stable: same answer for X steps. With commas: of steps 1, 2, ..., the last "
      "for all later ones");
  spec.add("alpha", real_argument("A"), "scale of the summed logits (default: 1)");
  add_readout_delay(spec);
  spec.add_flag("calibration-samples", "with --stop stored: allow samples that the rule was calibrated on");
  spec.add_flag("beyond-calibration",
                "with --stop stored: use the rule under another coding or budget than it was calibrated for");
  spec.add_flag("hash", "add the spike hash");
  spec.add("record", text_argument("FILE.h5"), "write logits at every step, spike counts and exit steps");
  spec.add("json", text_argument("FILE|-"),
           "write the results as JSON, to standard output instead of the table for -");
  return spec;
}

// X[,X...]: the last threshold holds on, those before it are of one step each.
void parse_thresholds(const std::string& text, StopSettings& settings) {
  std::vector<double>& early = settings.early_thresholds;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const auto [after, error] = std::from_chars(at, end, early.emplace_back());
    if (error != std::errc() || (after != end && *after != ','))
      throw InputError("--threshold", text, "expected a number, or several separated by commas");
    if (after == end) break;
    at = after + 1;
  }
  settings.threshold = early.back();
  early.pop_back();
}

// An option that the rule does not look at would seem to have had an effect.
void expect_options_used(const CommandLine& line, const std::string& policy) {
  const auto expect = [&](const std::string& option, bool used, const char* reason) {
    if (line.has(option) && !used) throw InputError("--" + option, "", reason);
  };
  if (policy == "never") {
    expect("threshold", false, "does nothing without a rule: add --stop POLICY");
    expect("alpha", false, "does nothing without a rule: add --stop POLICY");
  }
  expect("threshold", policy != "stored", "does not go with --stop stored");
  expect("alpha", policy != "stored", "does not go with --stop stored");
  expect("alpha", policy != "stable", "does nothing with --stop stable, which looks at answers alone");
  expect("readout-delay", policy != "stored", "does not go with --stop stored: the rule has its own");
  expect("calibration-samples", policy == "stored", "does nothing without --stop stored");
}

// none: the model's own.
std::optional<StopSettings> parse_stop(const CommandLine& line) {
  const auto& policy = line.get<std::string>("stop");
  expect_options_used(line, policy);
  if (policy == "stored") return std::nullopt;
  const bool threshold_missing = policy != "never" && !line.has("threshold");
  StopSettings settings{policy};
  if (line.has("alpha")) settings.alpha = line.get<double>("alpha");
  if (line.has("threshold")) parse_thresholds(line.get<std::string>("threshold"), settings);
  settings.readout_delay = readout_delay_of(line);
  if (threshold_missing)
    settings.threshold = 1.0;  // sound for every policy: what is said first is a wrong name
  make_stop_policy(settings);
  if (threshold_missing)
    throw InputError("--threshold", "", fmt::format("is missing: --stop {} needs it", policy));
  return settings;
}

template <class T>
std::optional<T> maybe(const CommandLine& line, const std::string& option) {
  if (!line.has(option)) return std::nullopt;
  return line.get<T>(option);
}

}  // namespace

std::optional<RunRequest> parse_run_request(const std::vector<std::string>& words) {
  const auto line = parse_command_line(run_spec(), words);
  if (!line) return std::nullopt;
  RunRequest request;
  request.simulation = parse_simulation(*line, "run");
  request.simulation.stop = parse_stop(*line);
  request.simulation.engine.hash = line->flag("hash");
  request.calibration_samples = line->flag("calibration-samples");
  request.simulation.beyond_calibration = line->flag("beyond-calibration");
  if (request.simulation.beyond_calibration && request.simulation.stop)
    throw InputError("--beyond-calibration", "", "goes with --stop stored only");
  request.record = maybe<std::string>(*line, "record");
  request.json = maybe<std::string>(*line, "json");
  request.quiet = line->quiet();
  return request;
}

}  // namespace rheobase

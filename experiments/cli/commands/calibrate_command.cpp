#include <fmt/format.h>

#include "experiments/analysis/calibrate.h"
#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/calibrate_report.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/simulation_options.h"
#include "experiments/cli/output.h"
#include "experiments/cli/progress.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "sim/core/error.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

CommandSpec calibrate_spec() {
  CommandSpec spec{
      "calibrate",
      "Chooses when to stop on samples that are run to the end, stores the rule in the model for\n"
      "`run --stop stored`, and prints what there was to choose from.",
      {"MODEL.h5"},
      "--data SPEC or --recording FILE.h5, --max-loss X or --max-steps X"};
  add_simulation_options(spec, "train");
  spec.add("recording", text_argument("FILE.h5"),
           "take a recording of this model, made by run --record, instead of simulating");
  spec.add("max-loss", real_argument("X"),
           "the fewest steps that lose at most this accuracy (0.001: 0.1 points) against T steps");
  spec.add("max-steps", real_argument("X"), "the best accuracy in at most so many steps on average");
  spec.add("stop", text_argument("POLICY", "confidence"), "confidence margin entropy stable");
  spec.add(
      "alpha", real_argument("A"),
      "scale of the summed logits (default: of confidence and entropy the best of 1, 2, 4, ..., 32, else 1)");
  spec.add_flag("by-step", "a threshold for every step instead of one for all");
  spec.add("guarantee", real_argument("P"),
           "make --max-loss hold with this probability (0.95) for all samples drawn like these");
  spec.add_flag("conditional",
                "make --guarantee hold among the samples stopped by step t too, for every t; chooses a "
                "threshold by step");
  spec.add_flag("reliability",
                "show how far confidence is accuracy at each step, and the alpha that would make it so");
  add_readout_delay(spec);
  spec.add("record", text_argument("FILE.h5"), "keep the recording");
  spec.add_flag("dry-run", "leave the model as it is");
  spec.add("json", text_argument("FILE|-"),
           "write the results as JSON, to standard output instead of the table for -");
  return spec;
}

double fraction(const CommandLine& line, const std::string& option, bool zero) {
  const auto value = line.get<double>(option);
  if ((zero ? value >= 0.0 : value > 0.0) && value < 1.0) return value;
  throw InputError("--" + option, fmt::format("{}", value),
                   zero ? "expected 0 or more and less than 1" : "expected more than 0 and less than 1");
}

CalibrationOptions parse_options(const CommandLine& line) {
  CalibrationOptions options;
  options.policy = line.get<std::string>("stop");
  options.alphas = default_alphas(options.policy);
  if (options.policy == "stable" && line.has("alpha"))
    throw InputError("--alpha", "", "does nothing with --stop stable, which looks at answers alone");
  if (line.has("alpha")) options.alphas = {line.get<double>("alpha")};
  options.by_step = line.flag("by-step");
  if (line.has("max-loss") == line.has("max-steps"))
    throw InputError("calibrate", "", "needs one of --max-loss and --max-steps: what the rule must keep to");
  if (line.has("max-loss")) options.goal.max_loss = fraction(line, "max-loss", true);
  if (line.has("max-steps")) options.goal.max_steps = line.get<double>("max-steps");
  if (options.goal.max_steps && !(*options.goal.max_steps >= 1.0))
    throw InputError("--max-steps", fmt::format("{}", *options.goal.max_steps), "expected 1 or more");
  if (line.has("guarantee")) {
    if (!options.goal.max_loss)
      throw InputError("--guarantee", "", "goes with --max-loss, which it holds to");
    fraction(line, "max-loss", false);
    options.guarantee = fraction(line, "guarantee", false);
  }
  options.conditional = line.flag("conditional");
  if (options.conditional && !options.guarantee)
    throw InputError("--conditional", "", "says what --guarantee P holds for, which is not given");
  if (options.conditional && options.by_step)
    throw InputError("--by-step", "", "does nothing with --conditional, which gives every step a threshold");
  StopSettings stop{options.policy, options.alphas.front(), options.policy == "stable" ? 1.0 : 0.0};
  make_stop_policy(stop);
  if (options.policy == "never") throw InputError("--stop", "never", "leaves nothing to calibrate");
  return options;
}

Recording simulated(const CommandLine& line, const Registry& registry) {
  SimulationSpec spec = parse_simulation(line, "calibrate");
  spec.stop = StopSettings{.readout_delay = readout_delay_of(line)};
  Simulation simulation(spec, registry);
  expect_spiking(simulation.engine().spiking_nodes().size(), spec.model);
  write_notes(spec.data, simulation.notes());
  if (simulation.options().steps < 2)
    throw InputError("--steps", fmt::format("{}", simulation.options().steps), "leaves nothing to stop");
  Progress progress(simulation.options().count, line.quiet());
  Recording recording = record_all(simulation, [&] { progress.advance(); });
  recording.info.tool_version = tool_version();
  return recording;
}

// A recording made before, of this very network. What it holds was chosen when it was made.
Recording recorded(const CommandLine& line, const Model& model) {
  for (const char* option : {"data", "resize", "crop", "dt", "bins", "events", "downsample", "split",
                             "offset", "limit", "steps", "coding", "seed", "readout-delay", "record"}) {
    if (line.given(option))
      throw InputError(fmt::format("--{}", option), "",
                       "does not go with --recording, which holds its samples");
  }
  const auto& path = line.get<std::string>("recording");
  Recording recording = read_recording(path);
  const std::string& of = line.positional(0);
  const std::string& sha = recording.info.model_sha256;
  if (sha != network_sha256(model, of) && sha != sha256_of_file(of))
    throw InputError(path, sha.substr(0, 16), "is the SHA-256 of another model");
  expect_spiking(recording.info.layers.size(), of);
  recording.info.model = file_name(of);
  return recording;
}

// What of the samples the network was trained on: it is surer of those than of new ones.
std::optional<SampleOverlap> trained_on(const Model& model, const RecordingInfo& info) {
  if (!model.training || info.sample_hashes.empty()) return std::nullopt;
  return overlap_of(info.sample_hashes, model.training->sample_hashes);
}

void save(const std::string& path, const Recording& recording) {
  RecordingWriter writer(path, recording.info);
  for (std::int64_t row = 0; row < recording.info.samples; ++row) writer.add(recording.record(row));
  writer.commit();
}

void report(const CommandLine& line, const CalibrationOptions& options, const Recording& recording,
            const Calibration& calibration, const std::optional<SampleOverlap>& seen,
            const std::optional<ResultTarget>& json) {
  auto object = calibration_json(recording.info, options, calibration);
  if (seen) object["overlap"]["training"] = seen->count;
  std::string text = calibration_text(recording.info, options, calibration);
  if (line.flag("reliability")) {
    const std::vector<StepReliability> rows = reliability_by_step(recording, calibration.stop.alpha);
    object["reliability"] = reliability_json(rows);
    text += reliability_text(rows, calibration.stop.alpha);
  }
  if (json) json->write(object.dump(2) + "\n");
  if (!json || !json->is_stdout()) write_stdout(text);
}

void run(const CommandLine& line) {
  const std::string& path = line.positional(0);
  const CalibrationOptions options = parse_options(line);
  const auto given = [&](const char* option) {
    return line.has(option) ? std::optional(line.get<std::string>(option)) : std::nullopt;
  };
  // What cannot be written is refused before the work is done.
  using Kind = ResultTarget::Kind;
  std::optional<ResultTarget> reserved;
  if (!line.flag("dry-run")) reserved.emplace("MODEL.h5", path, Kind::updated_file);
  const auto json = result_target("--json", given("json"), Kind::text);
  const auto record = result_target("--record", given("record"), Kind::file);
  const Registry registry = full_registry();
  Model model = read_model(path, registry.schemas());

  const auto source = given("recording");
  const Recording recording = source ? recorded(line, model) : simulated(line, registry);
  if (record) save(record->path(), recording);
  const Calibration calibration = calibrate(recording, source ? *source : samples_spec_of(line), options);
  if (!line.flag("dry-run")) {
    model.stop = calibration.stop;
    model.calibration = calibration_of(recording.info, model.graph);
    model.calibration->max_loss = options.goal.max_loss;
    model.calibration->max_steps = options.goal.max_steps;
    model.calibration->guarantee = options.guarantee;
    model.calibration->conditional = options.conditional;
    write_model(model, path);
  }
  const auto seen = trained_on(model, recording.info);
  if (seen) {
    write_notes(path,
                overlap_notes(*seen, recording.info.samples,
                              "are among those that the network was trained on: it is surer of them, and a "
                              "rule or a guarantee from them is not for new ones"));
  }
  report(line, options, recording, calibration, seen, json);
}

}  // namespace

void calibrate_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(calibrate_spec(), words);
  if (line) run(*line);
}

}  // namespace rheobase

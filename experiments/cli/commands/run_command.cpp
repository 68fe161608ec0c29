#include <fmt/format.h>

#include <memory>

#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/run_options.h"
#include "experiments/cli/commands/run_report.h"
#include "experiments/cli/output.h"
#include "experiments/cli/peak_memory.h"
#include "experiments/cli/progress.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "experiments/simulation/simulation.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/recording_file.h"

namespace rheobase {
namespace {

// What of the samples was seen before: by the rule, which looks better than it is on the samples it was
// chosen on, and by the network. Says so, and refuses a rule that is to be judged on its own samples.
void report_overlap(const RunRequest& request, const Simulation& simulation, const RecordingInfo& info,
                    RunReport& report) {
  const Model& model = simulation.model();
  Notes notes;
  const auto add = [&](const Notes& more) { notes.insert(notes.end(), more.begin(), more.end()); };
  if (!request.simulation.stop) add(notes_of_older_rule(model));
  if (!request.simulation.stop && model.calibration) {
    const CalibrationSamples& from = *model.calibration;
    const SampleOverlap seen =
        calibration_overlap(from, info, from.sample_hashes.empty() ? data_sha256(simulation.data()) : "");
    if (!request.calibration_samples) {
      refuse_calibration_samples(from, info, seen);
      add(overlap_notes(seen, info.samples, "are among those that the rule was calibrated on"));
    }
    report.calibration_overlap = seen.count;
  }
  if (model.training) {
    const SampleOverlap seen = overlap_of(info.sample_hashes, model.training->sample_hashes);
    add(overlap_notes(seen, info.samples, "are among those that the network was trained on"));
    report.training_overlap = seen.count;
  }
  write_notes(request.simulation.model, notes);
}

RunReport describe(const RunRequest& request, const Simulation& simulation, const RecordingInfo& info,
                   const SchemaSet& schemas) {
  const SimulationSpec& spec = request.simulation;
  RunReport report;
  report.model = spec.model;
  report.model_sha256 = sha256_of_file(spec.model);
  report.data = spec.data;
  report.split = spec.split;
  report.device = info.device;
  report.arithmetic = info.arithmetic;
  report.steps = simulation.options().steps;
  report.step_ms = info.step_ms;
  report.slots = simulation.slots();
  report.threads = spec.engine.threads;
  report.stop = simulation.stop();
  report.beyond_calibration = simulation.differences();
  const std::optional<CalibrationSamples>& from = simulation.model().calibration;
  if (!spec.stop && report.beyond_calibration.empty() && from && from->guarantee && from->max_loss)
    report.calibration = from;
  report.hash = spec.engine.hash;
  report.footprint_bytes = footprint_bytes(simulation.model().graph, schemas);
  report.connection_sparsity = connection_sparsity(simulation.model().graph, schemas);
  return report;
}

void run(const RunRequest& request) {
  const auto json = result_target("--json", request.json, ResultTarget::Kind::text);
  const auto record = result_target("--record", request.record, ResultTarget::Kind::file);
  const Registry registry = full_registry();
  Simulation simulation(request.simulation, registry);
  write_notes(request.simulation.data, simulation.notes());
  Engine& engine = simulation.engine();
  RecordingInfo info = simulation.recording_info();
  info.tool_version = tool_version();

  RunSummary summary(simulation.options().steps, engine.spiking_nodes());
  RunReport report = describe(request, simulation, info, registry.schemas());
  report_overlap(request, simulation, info, report);
  std::unique_ptr<RecordingWriter> recording;
  if (request.record) recording = std::make_unique<RecordingWriter>(*request.record, info);
  {
    Progress progress(info.samples, request.quiet);
    report.seconds = simulation.run([&](const SampleResult& result, int label) {
      summary.add(result, label);
      if (recording) recording->add(record_of(result, label));
      progress.advance();
    });
  }
  report.lookahead = engine.lookahead();
  report.synapses = engine.synapses();
  report.activation_sparsity = simulation.metrics().activation_sparsity();
  report.operations = simulation.metrics().synaptic_operations(summary.samples());
  report.peak_memory_bytes = peak_memory_bytes();

  if (recording) recording->commit();
  if (json) json->write(run_json(report, summary).dump(2) + "\n");
  if (!json || !json->is_stdout()) write_stdout(run_text(report, summary));
}

}  // namespace

void run_command(const std::vector<std::string>& words) {
  const auto request = parse_run_request(words);
  if (request) run(*request);
}

}  // namespace rheobase

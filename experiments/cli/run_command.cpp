#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/json_text.h"
#include "experiments/cli/output.h"
#include "experiments/cli/peak_memory.h"
#include "experiments/cli/program.h"
#include "experiments/cli/progress.h"
#include "experiments/cli/registry.h"
#include "experiments/cli/run_options.h"
#include "experiments/cli/run_report.h"
#include "experiments/simulation/simulation.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/recording_file.h"

namespace rheobase {
namespace {

// A rule looks better than it is on the samples it was chosen on.
void expect_other_samples(const RunRequest& request, const Simulation& simulation,
                          const RecordingInfo& info) {
  const auto& from = simulation.model().calibration;
  if (request.simulation.stop || !from || request.calibration_samples) return;
  const RunOptions& run = simulation.options();
  const bool same_data = from->data_sha256.empty() ? from->data == info.data && from->split == info.split
                                                   : from->data_sha256 == info.data_sha256;
  const std::int64_t first = std::max(from->first, run.first);
  const std::int64_t last = std::min(from->first + from->samples, run.first + run.count) - 1;
  if (!same_data || first > last) return;
  throw InputError(
      "--stop", "stored",
      fmt::format("was calibrated on samples {} to {} of these data too: choose others with --offset and "
                  "--limit, or allow them with --calibration-samples",
                  first, last));
}

RunReport describe(const RunRequest& request, const Simulation& simulation, const RecordingInfo& info) {
  const SimulationSpec& spec = request.simulation;
  RunReport report;
  report.model = spec.model;
  report.model_sha256 = sha256_of_file(spec.model);
  report.data = spec.data;
  report.split = spec.split;
  report.device = info.device;
  report.arithmetic = info.arithmetic;
  report.steps = simulation.options().steps;
  report.slots = simulation.slots();
  report.threads = spec.engine.threads;
  report.stop = simulation.stop();
  report.hash = spec.engine.hash;
  report.footprint_bytes = footprint_bytes(simulation.model().graph);
  report.connection_sparsity = connection_sparsity(simulation.model().graph);
  return report;
}

void run(const RunRequest& request) {
  const auto json = result_target("--json", request.json, ResultTarget::Kind::text);
  const auto record = result_target("--record", request.record, ResultTarget::Kind::file);
  const Registry registry = full_registry();
  Simulation simulation(request.simulation, registry);
  Engine& engine = simulation.engine();
  RecordingInfo info = simulation.recording_info();
  info.tool_version = tool_version();
  expect_other_samples(request, simulation, info);

  RunSummary summary(simulation.options().steps, engine.spiking_nodes());
  RunReport report = describe(request, simulation, info);
  std::unique_ptr<RecordingWriter> recording;
  if (request.record) recording = std::make_unique<RecordingWriter>(*request.record, info);
  {
    Progress progress(info.samples, request.quiet);
    report.seconds = simulation.run([&](const SampleResult& result, int label) {
      summary.add(result, label);
      if (recording) recording->add(simulation.record_of(result, label));
      progress.advance();
    });
  }
  report.lookahead = engine.lookahead();
  report.synapses = engine.synapses();
  report.activation_sparsity = simulation.metrics().activation_sparsity();
  report.operations = simulation.metrics().synaptic_operations(summary.samples());
  report.peak_memory_bytes = peak_memory_bytes();

  if (recording) recording->commit();
  if (json) json->write(json_text(run_json(report, summary)));
  if (!json || !json->is_stdout()) write_stdout(run_text(report, summary));
}

}  // namespace

void run_command(const std::vector<std::string>& words) {
  const auto request = parse_run_request(words);
  if (request) run(*request);
}

}  // namespace rheobase

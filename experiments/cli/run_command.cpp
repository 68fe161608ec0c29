#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/json_text.h"
#include "experiments/cli/output.h"
#include "experiments/cli/program.h"
#include "experiments/cli/progress.h"
#include "experiments/cli/registry.h"
#include "experiments/cli/run_options.h"
#include "experiments/cli/run_report.h"
#include "experiments/data/data_set.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/recording_file.h"

namespace rheobase {
namespace {

constexpr int default_spiking_steps = 32;
constexpr int full_lookahead = 8;

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

StopSettings stop_settings(const RunRequest& request, const Model& model) {
  if (request.stop) return *request.stop;
  if (!model.stop) throw InputError("--stop", "stored", request.model + " stores no stop policy");
  return *model.stop;
}

// Where no sample stops early, as many steps at once as keep a layer's signals in the cache.
int lookahead(const RunRequest& request, const Model& model, const StopSettings& stop) {
  const int steps = request.steps.value_or(model.provenance.conversion == "ann" ? 1 : default_spiking_steps);
  return std::min(request.lookahead.value_or(stop.policy == "never" ? full_lookahead : 1), steps);
}

// The samples asked for, checked against the data set and the network.
RunOptions run_options(const RunRequest& request, const DataSet& data, const Engine& engine) {
  if (data.shape() != engine.input_shape()) {
    throw InputError(request.data, "",
                     fmt::format("samples are {}, {} takes {}", to_string(data.shape()), request.model,
                                 to_string(engine.input_shape())));
  }
  if (request.offset >= data.size()) {
    throw InputError("--offset", fmt::format("{}", request.offset),
                     fmt::format("{} has {} {} samples", request.data, data.size(), request.split));
  }
  RunOptions options;
  options.steps = request.steps.value_or(engine.spiking_nodes().empty() ? 1 : default_spiking_steps);
  options.first = request.offset;
  options.count = std::min(request.limit.value_or(data.size()), data.size() - request.offset);
  for (std::int64_t i = options.first; i < options.first + options.count; ++i) {
    if (data.label(i) >= 0 && data.label(i) < engine.classes()) continue;
    throw InputError(
        request.data, fmt::format("sample {}", i),
        fmt::format("label is {}, {} has {} classes", data.label(i), request.model, engine.classes()));
  }
  return options;
}

std::unique_ptr<RecordingWriter> open_recording(const RunRequest& request, const RunReport& report,
                                                const RunOptions& options, const Engine& engine) {
  if (!request.record) return nullptr;
  RecordingInfo info;
  info.tool_version = tool_version();
  info.model = file_name(report.model);
  info.model_sha256 = report.model_sha256;
  info.data = report.data;
  info.split = report.split;
  info.device = report.device;
  info.arithmetic = report.arithmetic;
  info.coding = request.coding;
  info.seed = static_cast<std::int64_t>(request.engine.seed);
  info.stop = report.stop;
  info.first = options.first;
  info.samples = options.count;
  info.steps = options.steps;
  info.classes = engine.classes();
  for (const SpikingNode& node : engine.spiking_nodes()) info.layers.push_back({node.name, node.neurons});
  return std::make_unique<RecordingWriter>(*request.record, info);
}

// Simulates; returns the seconds it took.
double simulate(Engine& engine, const DataSet& data, const StopPolicy& policy, const RunOptions& options,
                RunSummary& summary, RecordingWriter* recording, bool quiet) {
  Progress progress(options.count, quiet);
  const auto start = std::chrono::steady_clock::now();
  run_samples(engine, data, policy, options, [&](const SampleResult& result) {
    const int label = data.label(result.sample);
    summary.add(result, label);
    if (recording != nullptr) {
      recording->add(
          {result.sample, label, result.steps, result.stopped, result.logits_by_step, result.spike_counts});
    }
    progress.advance();
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

RunReport describe(const RunRequest& request, const Model& model, const StopSettings& stop,
                   const RunOptions& options) {
  RunReport report;
  report.model = request.model;
  report.model_sha256 = sha256_of_file(request.model);
  report.data = request.data;
  report.split = request.split;
  report.device = to_string(request.engine.device);
  report.arithmetic = model.arithmetic;
  report.steps = options.steps;
  report.slots = request.engine.slots;
  report.threads = request.engine.threads;
  report.stop = stop;
  report.hash = request.engine.hash;
  report.footprint_bytes = footprint_bytes(model.graph);
  report.connection_sparsity = connection_sparsity(model.graph);
  return report;
}

void run(const RunRequest& request) {
  expect_distinct_files({{"MODEL.h5", request.model},
                         {"--json", request.json.value_or("-")},
                         {"--record", request.record.value_or("-")}});
  std::optional<ResultTarget> json;
  if (request.json) json.emplace(*request.json);
  const Registry registry = full_registry();
  const Model model = read_model(request.model, registry.schemas());
  const StopSettings stop = stop_settings(request, model);
  const auto policy = make_stop_policy(stop);
  const auto data = open_data(request.data, request.split);
  EngineOptions engine_options = request.engine;
  engine_options.lookahead = lookahead(request, model, stop);
  Engine engine(model.graph, registry, engine_options);
  const RunOptions options = run_options(request, *data, engine);

  RunSummary summary(options.steps, engine.spiking_nodes());
  RunReport report = describe(request, model, stop, options);
  const auto recording = open_recording(request, report, options, engine);
  NeuroBenchProbe probe(model.graph, engine.nodes(), engine.slots(), engine.lookahead());
  engine.set_probe(&probe);
  report.seconds = simulate(engine, *data, *policy, options, summary, recording.get(), request.quiet);
  report.lookahead = engine.lookahead();
  report.synapses = engine.synapses();
  report.activation_sparsity = probe.activation_sparsity();
  report.operations = probe.synaptic_operations(summary.samples());
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

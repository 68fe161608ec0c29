#include "experiments/simulation/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>

#include "experiments/data/pixel_range.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/engine/sample_shape.h"

namespace rheobase {
namespace {

constexpr int default_spiking_steps = 32;
constexpr int full_lookahead = 8;

StopSettings stop_of(const SimulationSpec& spec, const Model& model) {
  if (spec.stop) return *spec.stop;
  if (!model.stop) throw InputError("--stop", "stored", spec.model + " stores no stop policy");
  return *model.stop;
}

// Where no sample stops early, as many steps at once as keep a layer's signals in the cache. Steps of events,
// which touch few weights, have nothing to share.
int lookahead_of(const SimulationSpec& spec, const StopSettings& stop, int steps) {
  const bool shares = stop.policy == "never" && spec.coding != "events";
  return std::min(spec.lookahead.value_or(shares ? full_lookahead : 1), steps);
}

// Events enter as events, and nothing else does.
SimulationSpec with_coding(SimulationSpec spec) {
  const std::string own = default_coding(spec.data);
  if (spec.coding.empty()) spec.coding = own;
  if ((own == "events") == (spec.coding == "events")) return spec;
  throw InputError("--coding", spec.coding,
                   own == "events" ? spec.data + " holds events, which enter as they are: --coding events"
                                   : spec.data + " holds no events: --coding direct or poisson");
}

// The steps of the longest sample that will run.
int longest_of(const SimulationSpec& spec, const DataSet& data) {
  constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
  const std::int64_t end =
      data.size() - spec.offset > spec.limit.value_or(any) ? spec.offset + *spec.limit : data.size();
  std::int64_t longest = 1;
  Sample sample;
  for (std::int64_t i = spec.offset; i < end; ++i) {
    data.fetch(i, sample);
    longest = std::max(longest, sample.steps);
  }
  return static_cast<int>(longest);
}

// A stored rule runs under the budget it was calibrated for.
int steps_of(const SimulationSpec& spec, const Model& model, const DataSet& data) {
  if (spec.steps) return *spec.steps;
  if (!spec.stop && model.calibration) return static_cast<int>(model.calibration->steps);
  if (data.info().events) return longest_of(spec, data);
  return model.provenance.conversion == "snn" ? default_spiking_steps : 1;
}

// Of a rule that the model stores, if it is used.
std::vector<RuleDifference> differences_of(const SimulationSpec& spec, const Model& model, int steps,
                                           const DataInfo& data) {
  if (spec.stop) return {};
  std::vector<RuleDifference> found = rule_differences(model, spec.coding, steps, data.binning);
  if (!spec.beyond_calibration) refuse_differences(found, spec.model);
  return found;
}

// What a step of events does is little for each byte of state: states that stay in the second-level caches
// cost least.
std::size_t event_slot_memory(int threads) {
  return (std::size_t{2} << 20) * static_cast<std::size_t>(std::max(1, threads));
}

// Empty slots would only take memory.
int slots_of(const SimulationSpec& spec, const DataSet& data) {
  const std::int64_t left = std::max<std::int64_t>(1, data.size() - spec.offset);
  return static_cast<int>(std::min({std::int64_t{spec.engine.slots}, spec.limit.value_or(left), left}));
}

// The samples asked for, checked against the data set and the network.
RunOptions options_of(const SimulationSpec& spec, int steps, const DataSet& data, const Engine& engine) {
  if (!takes_samples(engine.input_shape(), data.shape())) {
    throw InputError(
        spec.data, "",
        fmt::format("samples are {}, {} takes {}{}", to_string(data.shape()), spec.model,
                    to_string(engine.input_shape()), way_to_shape(data.info(), engine.input_shape())));
  }
  if (spec.offset >= data.size()) {
    throw InputError("--offset", fmt::format("{}", spec.offset),
                     fmt::format("{} has {} {} samples", spec.data, data.size(), spec.split));
  }
  RunOptions options;
  options.steps = steps;
  options.first = spec.offset;
  options.count = std::min(spec.limit.value_or(data.size()), data.size() - spec.offset);
  for (std::int64_t i = options.first; i < options.first + options.count; ++i) {
    if (data.label(i) >= 0 && data.label(i) < engine.classes()) continue;
    throw InputError(
        spec.data, fmt::format("sample {}", i),
        fmt::format("label is {}, {} has {} classes", data.label(i), spec.model, engine.classes()));
  }
  return options;
}

// Every node with synapses, with the operations of one step if nothing were 0.
std::vector<RecordedSynapse> synapses_of(const CountedOperations& counted) {
  std::vector<RecordedSynapse> synapses;
  for (std::size_t i = 0; i < counted.synapses.size(); ++i)
    synapses.push_back({counted.synapses[i], static_cast<std::int64_t>(counted.dense[i])});
  return synapses;
}

}  // namespace

void expect_spiking(std::size_t spiking_layers, const std::string& model) {
  if (spiking_layers > 0) return;
  throw InputError(
      model, "",
      "has no spiking neurons, so there are no steps to choose from; give its spiking network, which "
      "rheobase convert makes of the network with its QCFS or ReLU activations");
}

std::string network_sha256(Model model, const std::string& path) {
  model.stop.reset();
  model.calibration.reset();
  return sha256(model_file_bytes(model, path));
}

Simulation::Simulation(const SimulationSpec& spec, const Registry& registry)
    : spec_(with_coding(spec)),
      model_(read_model(spec.model, registry.schemas())),
      stop_(stop_of(spec, model_)),
      data_(open_data(spec.data, spec.split)) {
  make_stop_policy(stop_);
  EngineOptions engine_options = spec.engine;
  const int steps = steps_of(spec, model_, *data_);
  differences_ = differences_of(spec_, model_, steps, data_->info());
  engine_options.coding = parse_coding(spec_.coding);
  engine_options.costs = true;
  engine_options.lookahead = lookahead_of(spec_, stop_, steps);
  engine_options.slots = slots_of(spec, *data_);
  engine_options.readout_delay = stop_.readout_delay;
  if (stop_.readout_delay >= steps)
    throw InputError("--readout-delay", fmt::format("{}", stop_.readout_delay),
                     fmt::format("of {} steps leaves none to read", steps));
  if (data_->info().events && engine_options.slot_memory > 0)
    engine_options.slot_memory =
        std::min(engine_options.slot_memory, event_slot_memory(engine_options.threads));
  engine_ = std::make_unique<Engine>(model_.graph, registry, engine_options);
  options_ = options_of(spec, steps, *data_, *engine_);
  if (const auto* images = dynamic_cast<const ImageSet*>(data_.get()))
    notes_ = check_pixel_range(*images, options_.first, options_.count, pixel_use(model_.graph));
  metrics_ = std::make_unique<NeuroBench>(engine_->counted_operations());
}

RecordingInfo Simulation::recording_info() const {
  RecordingInfo info;
  info.model = std::filesystem::path(spec_.model).filename().string();
  info.model_sha256 = network_sha256(model_, spec_.model);
  info.data = spec_.data;
  info.split = spec_.split;
  info.device = to_string(spec_.engine.device);
  info.arithmetic = model_.arithmetic;
  info.coding = spec_.coding;
  info.seed = static_cast<std::int64_t>(spec_.engine.seed);
  info.stop = stop_;
  info.first = options_.first;
  info.samples = options_.count;
  info.steps = options_.steps;
  info.classes = engine_->classes();
  for (const SpikingNode& node : engine_->spiking_nodes()) info.layers.push_back({node.name, node.neurons});
  info.step_costs = true;
  info.synapses = synapses_of(engine_->counted_operations());
  info.binning = data_->info().binning;
  info.step_ms = data_->info().step_ms;
  info.sample_hashes = sample_hashes(*data_, options_.first, options_.count);
  return info;
}

double Simulation::run(const std::function<void(const SampleResult&, int label)>& finished) {
  const auto policy = make_stop_policy(stop_);
  const auto start = std::chrono::steady_clock::now();
  run_samples(*engine_, *data_, policy, options_, [&](const SampleResult& result) {
    metrics_->add(result.cost);
    finished(result, data_->label(result.sample));
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

SampleRecord record_of(const SampleResult& result, int label) {
  return {result.sample,         label,
          result.steps,          result.stopped,
          result.logits_by_step, result.spike_counts,
          result.cost.steps,     result.cost.synapses};
}

Recording record_all(Simulation& simulation, const std::function<void()>& advance) {
  Recording recording;
  recording.info = simulation.recording_info();
  const RecordingInfo& info = recording.info;
  const auto layers = static_cast<std::int64_t>(info.layers.size());
  recording.labels.assign(info.samples, -1);
  recording.exit_steps.assign(info.samples, 0);
  recording.stopped.assign(info.samples, 0);
  recording.spike_counts.assign(info.samples * layers, 0);
  recording.step_costs.resize(info.samples * info.steps);
  const auto synapses = static_cast<std::int64_t>(info.synapses.size());
  recording.synapse_costs.resize(info.samples * synapses);
  recording.logits.assign(info.samples * info.steps * info.classes, std::numeric_limits<float>::quiet_NaN());
  simulation.run([&](const SampleResult& result, int label) {
    const std::int64_t row = result.sample - info.first;
    recording.labels[row] = label;
    recording.exit_steps[row] = result.steps;
    recording.stopped[row] = result.stopped ? 1 : 0;
    std::copy(result.spike_counts.begin(), result.spike_counts.end(),
              recording.spike_counts.begin() + row * layers);
    std::copy(result.logits_by_step.begin(), result.logits_by_step.end(),
              recording.logits.begin() + row * info.steps * info.classes);
    const auto& [evaluations, costs, by_synapse] = result.cost;
    std::copy(costs.begin(), costs.end(), recording.step_costs.begin() + row * info.steps);
    std::copy(by_synapse.begin(), by_synapse.end(), recording.synapse_costs.begin() + row * synapses);
    advance();
  });
  return recording;
}

}  // namespace rheobase

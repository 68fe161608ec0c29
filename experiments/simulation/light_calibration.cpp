#include "experiments/simulation/light_calibration.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/simulation/spread_samples.h"
#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "sim/engine/runner.h"
#include "sim/graph/validate.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

constexpr int slots = 32;
constexpr int lookahead = 8;
constexpr std::size_t slot_memory = std::size_t{256} << 20;

std::set<std::string> ancestors_of(const Graph& graph, const std::string& name) {
  std::set<std::string> found{name};
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const Node& node = *graph.find(open.back());
    open.pop_back();
    for (const std::string& input : node.inputs) {
      if (found.insert(input).second) open.push_back(input);
    }
  }
  return found;
}

// The network up to `node`, whose readout is its mean over places, one number a channel.
Graph mean_of(const Graph& graph, const SchemaSet& schemas, const std::string& node) {
  const Shape shape = validate_or_throw(graph, schemas, "graph").at(node);
  const std::set<std::string> kept = ancestors_of(graph, node);
  Graph cut;
  for (const Node& one : graph.nodes) {
    if (kept.contains(one.name)) cut.nodes.push_back(one);
  }
  std::string last = node;
  const auto add = [&](const char* op, std::map<std::string, Attribute> attributes) {
    std::string name = op;
    while (cut.find(name) != nullptr) name += '\'';
    cut.nodes.push_back({name, op, {last}, std::move(attributes), {}});
    last = name;
  };
  if (shape.size() == 3) {
    add("AvgPool2d", {{"kernel", std::vector<std::int64_t>{shape[1], shape[2]}}});
    add("Flatten", {});
  }
  add("Output", {});
  return cut;
}

// Means over samples and places of what `node` emits in all `steps`, added in the order of the samples.
std::vector<double> sums_of(const Graph& graph, const std::string& node, int steps,
                            const SpreadSamples& samples, const Registry& registry, int threads,
                            const std::function<void()>& advance) {
  EngineOptions options;
  options.slots = static_cast<int>(std::min<std::int64_t>(slots, samples.size()));
  options.threads = threads;
  options.lookahead = std::min(steps, lookahead);
  options.slot_memory = slot_memory;
  Engine engine(mean_of(graph, registry.schemas(), node), registry, options);
  samples.expect_shape(engine.input_shape());
  const auto channels = static_cast<std::size_t>(engine.classes());
  std::vector<float> of_sample(static_cast<std::size_t>(samples.size()) * channels);
  run_samples(engine, samples, make_stop_policy({}), {steps, 0, samples.size()},
              [&](const SampleResult& result) {
                const std::span<const float> sums = result.logits_by_step.last(channels);
                std::copy(sums.begin(), sums.end(),
                          of_sample.begin() + result.sample * static_cast<std::int64_t>(channels));
                advance();
              });
  std::vector<double> means(channels);
  for (std::size_t i = 0; i < of_sample.size(); ++i)
    means[i % channels] += of_sample[i] / static_cast<double>(samples.size());
  if (!std::all_of(means.begin(), means.end(), [](double mean) { return std::isfinite(mean); }))
    throw InputError("--data", node, "emits a value that is no finite number");
  return means;
}

}  // namespace

std::vector<std::string> corrected_neurons(const Graph& spiking, const SchemaSet& schemas) {
  std::vector<std::string> neurons;
  for (const int index : topological_order(spiking)) {
    const Node& node = spiking.nodes[index];
    if (schemas.of(node).is_spiking()) neurons.push_back(node.name);
  }
  return neurons;
}

Corrections find_corrections(const Graph& source, const Graph& spiking, Correction correction, int steps,
                             const ImageSet& data, const Registry& registry, const CorrectionOptions& options,
                             const std::function<void()>& advance) {
  const SpreadSamples samples(data, options.samples);
  const int divisor = spiking.output().integer("running", 0) != 0 ? 1 : steps;
  Graph corrected = spiking;
  Corrections found;
  for (const std::string& neuron : corrected_neurons(spiking, registry.schemas())) {
    if (source.find(neuron) == nullptr)
      throw InternalError(neuron + " is no activation of the source network");
    const auto sums = [&](const Graph& graph, int t) {
      return sums_of(graph, neuron, t, samples, registry, options.threads, advance);
    };
    std::vector<double> difference = sums(source, 1);
    const std::vector<double> decoded = sums(corrected, steps);
    for (std::size_t c = 0; c < difference.size(); ++c) difference[c] -= decoded[c] / divisor;
    correct_neuron(corrected, registry.schemas(), neuron, difference, correction, steps);
    found[neuron] = std::move(difference);
  }
  return found;
}

}  // namespace rheobase

#include "experiments/simulation/raster.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/json/json.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/stop/confidence.h"

namespace rheobase {
namespace {

// A neuron of every equal part of 0 .. neurons - 1: evenly spaced ones could all lie in one corner.
std::vector<std::int64_t> spread(std::int64_t neurons, std::int64_t count) {
  count = std::min(neurons, count);
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t from = i * neurons / count;
    const std::int64_t part = (i + 1) * neurons / count - from;
    chosen.push_back(from + static_cast<std::int64_t>(mix64(i) % static_cast<std::uint64_t>(part)));
  }
  return chosen;
}

// Writes down the spikes of the chosen neurons on one slot, step after step.
class RasterTap : public SignalTap {
 public:
  RasterTap(const Engine& engine, std::int64_t neurons_per_layer)
      : layer_of_(engine.nodes().size(), nullptr) {
    layers_.reserve(engine.spiking_nodes().size());
    for (const SpikingNode& node : engine.spiking_nodes()) {
      layers_.push_back({node.name, node.neurons, spread(node.neurons, neurons_per_layer), {}});
      layers_.back().times.resize(layers_.back().shown.size());
      const auto same = [&](const Node& other) { return other.name == node.name; };
      const auto found = std::find_if(engine.nodes().begin(), engine.nodes().end(), same);
      layer_of_[found - engine.nodes().begin()] = &layers_.back();
    }
  }

  void begin(std::span<const int>) override {}
  void taken(int) override { ++step_; }

  void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) override {
    RasterLayer* const layer = layer_of_.at(node);
    if (layer == nullptr) return;
    for (std::size_t i = 0; i < layer->shown.size(); ++i) {
      const std::int64_t channel = layer->shown[i] / spec.shape.pixels();
      const std::int64_t pixel = layer->shown[i] % spec.shape.pixels();
      if (is_event(spec, view, lane, pixel, channel)) layer->times[i].push_back(step_);
    }
  }

  std::vector<RasterLayer> take() { return std::move(layers_); }

 private:
  static bool is_event(const SignalSpec& spec, const SignalView& view, int lane, std::int64_t pixel,
                       std::int64_t channel) {
    const std::int64_t index = pixel * spec.shape.channels + channel;
    if (spec.type == SignalType::int16) return view.int16(lane)[index] != 0;
    if (spec.type == SignalType::real32) return view.real(lane)[index] != 0.0F;
    const std::uint64_t word = view.spikes(lane)[pixel * spec.words_per_pixel() + channel / 64];
    return (word >> (channel % 64) & 1U) != 0;
  }

  std::vector<RasterLayer> layers_;
  std::vector<RasterLayer*> layer_of_;  // by node
  int step_ = 1;
};

void check(const RasterLayer& layer, int steps, const std::string& path) {
  if (layer.times.size() != layer.shown.size())
    throw InputError(path, layer.name, "has times for another number of neurons");
  for (const std::int64_t neuron : layer.shown) {
    if (neuron < 0 || neuron >= layer.neurons)
      throw InputError(path, layer.name, fmt::format("has no neuron {}", neuron));
  }
  for (const std::vector<int>& times : layer.times) {
    for (const int t : times) {
      if (t < 1 || t > steps) throw InputError(path, layer.name, fmt::format("fires at step {}", t));
    }
  }
}

}  // namespace

Raster record_raster(SimulationSpec spec, const Registry& registry, std::int64_t neurons_per_layer) {
  spec.limit = 1;
  spec.stop = StopSettings{.readout_delay = spec.stop ? spec.stop->readout_delay : 0};
  spec.lookahead = 1;
  spec.engine.slots = 1;
  Simulation simulation(spec, registry);
  RasterTap probe(simulation.engine(), neurons_per_layer);
  simulation.engine().set_tap(&probe);
  Raster raster;
  raster.sample = simulation.options().first;
  raster.steps = simulation.options().steps;
  simulation.run([&](const SampleResult& result, int label) {
    raster.label = label;
    const std::size_t K = result.logits_by_step.size() / static_cast<std::size_t>(result.steps);
    for (int t = 0; t < result.steps; ++t)
      raster.answers.push_back(argmax(result.logits_by_step.subspan(static_cast<std::size_t>(t) * K, K)));
  });
  raster.layers = probe.take();
  return raster;
}

std::string raster_text(const Raster& raster) {
  Json json{{"schema", 1},
            {"sample", raster.sample},
            {"label", raster.label},
            {"steps", raster.steps},
            {"answers", raster.answers}};
  json["layers"] = Json::array();
  for (const RasterLayer& layer : raster.layers) {
    json["layers"].push_back(
        {{"name", layer.name}, {"neurons", layer.neurons}, {"shown", layer.shown}, {"times", layer.times}});
  }
  return json.dump() + "\n";
}

static RasterLayer layer_of(const Json& json) {
  RasterLayer layer{json.at("name").as<std::string>(),
                    json.at("neurons").as<std::int64_t>(),
                    json.at("shown").as_list<std::int64_t>(),
                    {}};
  for (const Json& times : json.at("times").elements()) layer.times.push_back(times.as_list<int>());
  return layer;
}

Raster parse_raster(const std::string& text, const std::string& path) {
  Raster raster;
  try {
    const Json json = Json::parse(text);
    if (json.at("schema").as<int>() != 1)
      throw InputError(path, json.at("schema").dump(), "is no known schema");
    raster.sample = json.at("sample").as<std::int64_t>();
    raster.label = json.at("label").as<int>();
    raster.steps = json.at("steps").as<int>();
    raster.answers = json.at("answers").as_list<int>();
    for (const Json& layer : json.at("layers").elements()) {
      raster.layers.push_back(layer_of(layer));
      check(raster.layers.back(), raster.steps, path);
    }
    if (static_cast<int>(raster.answers.size()) != raster.steps)
      throw InputError(path, "answers", "are not one a step");
  } catch (const JsonError& error) {
    throw InputError(path, "", error.what());
  }
  return raster;
}

}  // namespace rheobase

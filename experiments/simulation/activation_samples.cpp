#include "experiments/simulation/activation_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "experiments/simulation/spread_samples.h"
#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/engine/engine.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

constexpr std::int64_t most_values = 8192;                 // a channel
constexpr std::int64_t most_kept = std::int64_t{1} << 26;  // of all
constexpr int most_slots = 8;

// What is kept of one activation. A sample has its own places, so no order matters.
struct Layer {
  Layer(const OpenActivation& activation, const SignalSpec& spec, std::int64_t samples, std::int64_t wanted,
        int slots)
      : channels(activation.channels),
        places(std::min(spec.shape.pixels(), (wanted + samples - 1) / samples)) {
    kept.node = activation.node;
    kept.values.assign(static_cast<std::size_t>(channels),
                       std::vector<float>(static_cast<std::size_t>(samples * places)));
    largest.assign(static_cast<std::size_t>(slots * channels), -std::numeric_limits<float>::infinity());
  }

  std::int64_t channels, places;  // kept a channel and sample
  ActivationSamples kept;
  std::vector<float> largest;  // [slot][channel]
};

class ActivationTap : public SignalTap {
 public:
  ActivationTap(const Engine& engine, const std::vector<OpenActivation>& activations, std::int64_t samples)
      : layers_of_(engine.nodes().size()), sample_of_(static_cast<std::size_t>(engine.slots())) {
    std::int64_t channels = 1;
    for (const OpenActivation& activation : activations) channels += activation.channels;
    const std::int64_t wanted = std::clamp<std::int64_t>(most_kept / channels, 1, most_values);
    layers_.reserve(activations.size());
    for (const OpenActivation& activation : activations) {
      const auto found = std::find_if(engine.nodes().begin(), engine.nodes().end(),
                                      [&](const Node& node) { return node.name == activation.input; });
      const auto index = found - engine.nodes().begin();
      layers_.emplace_back(activation, engine.signal(static_cast<int>(index)), samples, wanted,
                           engine.slots());
      layers_of_[static_cast<std::size_t>(index)].push_back(&layers_.back());
    }
  }

  void begin(std::span<const int>) override {}
  void taken(int) override {}
  void set_sample(int slot, std::int64_t sample) { sample_of_[static_cast<std::size_t>(slot)] = sample; }

  void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) override {
    for (Layer* layer : layers_of_[static_cast<std::size_t>(node)]) look(*layer, node, spec, view, lane);
  }

  std::vector<ActivationSamples> take(int slots) {
    std::vector<ActivationSamples> result;
    for (Layer& layer : layers_) {
      layer.kept.largest.assign(static_cast<std::size_t>(layer.channels),
                                -std::numeric_limits<float>::infinity());
      for (std::size_t i = 0; i < static_cast<std::size_t>(slots * layer.channels); ++i) {
        float& largest = layer.kept.largest[i % static_cast<std::size_t>(layer.channels)];
        if (!std::isfinite(layer.largest[i]) && layer.largest[i] > 0)
          throw InputError("--data", layer.kept.node, "reads a value that is no finite number");
        largest = std::max(largest, layer.largest[i]);
      }
      result.push_back(std::move(layer.kept));
    }
    return result;
  }

 private:
  void look(Layer& layer, int node, const SignalSpec& spec, const SignalView& view, int slot) const {
    const std::int64_t sample = sample_of_[static_cast<std::size_t>(slot)];
    float* largest = layer.largest.data() + slot * layer.channels;
    std::vector<float> scratch(static_cast<std::size_t>(layer.channels));
    for (std::int64_t pixel = 0; pixel < spec.shape.pixels(); ++pixel) {
      const float* values = pixel_values(spec, view, slot, pixel, scratch.data());
      // A value that is no number must not pass unseen.
      for (std::int64_t c = 0; c < layer.channels; ++c)
        largest[c] = values[c] <= largest[c]
                         ? largest[c]
                         : (values[c] > largest[c] ? values[c] : std::numeric_limits<float>::infinity());
    }
    const std::uint64_t prefix =
        spike_hash_prefix(static_cast<std::uint64_t>(sample), 0, static_cast<std::uint64_t>(node));
    const bool all = layer.places == spec.shape.pixels();
    for (std::int64_t place = 0; place < layer.places; ++place) {
      for (std::int64_t c = 0; c < layer.channels; ++c) {
        const auto drawn = mix64(prefix ^ static_cast<std::uint64_t>(c * layer.places + place)) %
                           static_cast<std::uint64_t>(spec.shape.pixels());
        const std::int64_t pixel = all ? place : static_cast<std::int64_t>(drawn);
        layer.kept.values[c][static_cast<std::size_t>(sample * layer.places + place)] =
            pixel_values(spec, view, slot, pixel, scratch.data())[c];
      }
    }
  }

  std::vector<Layer> layers_;
  std::vector<std::vector<Layer*>> layers_of_;  // by node
  std::vector<std::int64_t> sample_of_;         // by slot
};

}  // namespace

std::vector<ActivationSamples> sample_activations(const Graph& graph,
                                                  const std::vector<OpenActivation>& activations,
                                                  const ImageSet& data, const Registry& registry,
                                                  const ActivationOptions& options,
                                                  const std::function<void()>& advance) {
  const SpreadSamples samples(data, options.samples);
  EngineOptions engine_options;
  engine_options.fuse = false;  // neurons are judged by what they read
  engine_options.slots = static_cast<int>(std::min<std::int64_t>(most_slots, samples.size()));
  engine_options.threads = options.threads;
  Engine engine(graph, registry, engine_options);
  samples.expect_shape(engine.input_shape());
  ActivationTap tap(engine, activations, samples.size());
  engine.set_tap(&tap);
  std::vector<float> pixels(static_cast<std::size_t>(element_count(engine.input_shape())));
  for (std::int64_t first = 0; first < samples.size(); first += engine.slots()) {
    const int count = static_cast<int>(std::min<std::int64_t>(engine.slots(), samples.size() - first));
    for (int slot = 0; slot < count; ++slot) {
      samples.read(first + slot, pixels);
      tap.set_sample(slot, first + slot);
      engine.load(slot, pixels, static_cast<std::uint64_t>(first + slot), 1);
    }
    engine.step();
    for (int slot = 0; slot < count; ++slot) {
      engine.release(slot);
      advance();
    }
  }
  return tap.take(engine.slots());
}

}  // namespace rheobase

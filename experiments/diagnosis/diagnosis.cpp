#include "experiments/diagnosis/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "converters/passes/max_pools.h"
#include "experiments/diagnosis/activation_of_current.h"
#include "experiments/diagnosis/layer_sums.h"
#include "experiments/diagnosis/sum_tap.h"
#include "sim/core/error.h"
#include "sim/engine/sample_shape.h"
#include "sim/graph/validate.h"
#include "sim/stop/confidence.h"

namespace rheobase {
namespace {

// Of the loss's start, see loss_start().
constexpr double noticeable = 0.1, comparable = 0.5;

// 1, 2, 4, ... and T.
std::vector<int> looked_at(int steps) {
  std::vector<int> result;
  for (int t = 1; t < steps; t *= 2) result.push_back(t);
  result.push_back(steps);
  return result;
}

// Bounded by what is kept of a neuron: two sums, events and least number, its activation, and about as much
// in the engines.
int slots_of(const Graph& spiking, const Registry& registry, const DiagnosisOptions& options,
             std::int64_t samples) {
  constexpr std::int64_t memory = std::int64_t{256} << 20, bytes_per_neuron = 32;
  std::int64_t neurons = 1;
  const ShapeMap shapes = validate_or_throw(spiking, registry.schemas(), "graph");
  for (const Node& node : spiking.nodes) {
    if (registry.schemas().of(node).is_neuron()) neurons += element_count(shapes.at(node.name));
  }
  const std::int64_t fitting = std::max<std::int64_t>(1, memory / (bytes_per_neuron * neurons));
  return static_cast<int>(std::min({fitting, std::int64_t{options.slots}, samples}));
}

EngineOptions engine_options(int slots, int threads) {
  EngineOptions options;
  options.fuse = false;
  options.slots = slots;
  options.threads = threads;
  return options;
}

std::map<std::string, int> index_of(const Engine& engine) {
  std::map<std::string, int> index;
  for (std::size_t i = 0; i < engine.nodes().size(); ++i) index[engine.nodes()[i].name] = static_cast<int>(i);
  return index;
}

bool same_shape(const ImageShape& a, const ImageShape& b) {
  return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

// The potential at t = 0.
std::vector<float> start_of(const Node& neuron, const SchemaSet& schemas, std::int64_t channels) {
  std::vector<float> start(static_cast<std::size_t>(channels), 0.0F);
  for (const TensorSpec& spec : schemas.of(neuron).tensors) {
    const Tensor* tensor = neuron.tensor(spec.name);
    if (spec.potential != Potential::rest || tensor == nullptr) continue;
    for (std::int64_t c = 0; c < channels; ++c) start[c] = static_cast<float>(tensor->of_channel(c));
  }
  return start;
}

// Logits of a sample after some steps against those of the source network.
struct LogitSums {
  std::int64_t same = 0, right = 0;
  PairSums pairs;
};

// A layer while it runs.
struct Layer {
  std::string name;
  const SignalSums* source;   // the activation
  const SignalSums* spiking;  // the neuron
  const SignalSums* current;  // what the neuron reads
  ActivationOfCurrent function;
  std::vector<float> start;  // one a channel, of running values: what the neuron has before its first current
  std::vector<LayerSums> by_steps = {};
};

class Diagnoser {
 public:
  Diagnoser(const Graph& graph, const Graph& spiking, const ImageSet& data, const Registry& registry,
            const DiagnosisOptions& options)
      : data_(data),
        samples_(std::min(options.samples, data.size())),
        steps_(looked_at(options.steps)),
        running_(spiking.output().integer("running", 0) != 0),
        slots_(slots_of(spiking, registry, options, samples_)),
        source_(graph, registry, engine_options(slots_, options.threads)),
        spiking_(spiking, registry, engine_options(slots_, options.threads)),
        source_tap_(source_),
        spiking_tap_(spiking_),
        pool_(options.threads),
        logits_(steps_.size()) {
    if (!takes_samples(source_.input_shape(), data.shape()))
      throw InputError(
          "--data", "",
          fmt::format("samples are {}, the network takes {}{}", to_string(data.shape()),
                      to_string(source_.input_shape()), way_to_shape(data.info(), source_.input_shape())));
    find_layers(graph, spiking, registry);
    source_.set_tap(&source_tap_);
    spiking_.set_tap(&spiking_tap_);
  }

  Diagnosis run(const std::function<void()>& advance) {
    for (std::int64_t first = 0; first < samples_; first += slots_) {
      const auto count = static_cast<int>(std::min<std::int64_t>(slots_, samples_ - first));
      run_source(first, count);
      run_spiking(count);
      for (int slot = 0; slot < count; ++slot) advance();
    }
    return result();
  }

 private:
  // Of the graphs: an engine's nodes are without their tensors.
  void find_layers(const Graph& graph, const Graph& spiking, const Registry& registry) {
    const std::map<std::string, int> of_source = index_of(source_);
    const std::map<std::string, int> of_spiking = index_of(spiking_);
    std::int64_t largest = 0;
    for (const Node& node : spiking_.nodes()) {
      if (!registry.schemas().of(node).is_neuron()) continue;
      const int neuron = of_spiking.at(node.name);
      const ImageShape& shape = spiking_.signal(neuron).shape;
      const auto found = of_source.find(node.name);
      if (found == of_source.end() || !registry.schemas().of(source_.nodes()[found->second]).is_neuron() ||
          !same_shape(source_.signal(found->second).shape, shape)) {
        left_out_.push_back(node.name);
        continue;
      }
      layers_.push_back(
          {node.name, &source_tap_.watch(found->second, false), &spiking_tap_.watch(neuron, true),
           &spiking_tap_.watch(of_spiking.at(node.inputs.at(0)), false),
           ActivationOfCurrent(*graph.find(node.name), shape, registry, slots_, pool_.threads()),
           running_ ? start_of(*spiking.find(node.name), registry.schemas(), shape.channels)
                    : std::vector<float>(),
           std::vector<LayerSums>(steps_.size())});
      largest = std::max(largest, shape.size());
    }
    for (std::vector<float>* values : {&activation_, &decoded_, &currents_, &of_current_})
      values->resize(largest * slots_);
  }

  // Loads samples into both networks, spread over the data: sets are often sorted by class.
  void run_source(std::int64_t first, int count) {
    source_tap_.start();
    spiking_tap_.start();
    pixels_.resize(static_cast<std::size_t>(element_count(data_.shape())));
    labels_.clear();
    for (int slot = 0; slot < count; ++slot) {
      const std::int64_t place = (first + slot) * data_.size() / samples_;
      data_.read(place, pixels_);
      labels_.push_back(data_.label(place));
      source_.load(slot, pixels_, place);
      spiking_.load(slot, pixels_, place);
    }
    source_.step();
    for (int slot = 0; slot < count; ++slot) right_ += answer(source_.logits(slot)) == labels_[slot] ? 1 : 0;
  }

  void run_spiking(int count) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      while (spiking_.time(0) < steps_[i]) spiking_.step();
      for (Layer& layer : layers_) add(layer, i, count);
      for (int slot = 0; slot < count; ++slot) add_logits(logits_[i], slot, steps_[i]);
    }
    for (int slot = 0; slot < count; ++slot) {
      source_.release(slot);
      spiking_.release(slot);
    }
  }

  // One task a sample; their sums are added in the order of the samples.
  void add(Layer& layer, std::size_t index, int count) {
    const int steps = steps_[index];
    const int divisor = running_ ? 1 : steps;
    const std::int64_t size = layer.spiking->size;
    const auto of = [&](std::vector<float>& values, std::int64_t slot) {
      return std::span(values).subspan(slot * size, size);
    };
    pool_.for_ranges(count, 1, [&](std::int64_t slot, std::int64_t) {
      layer.source->decode(static_cast<int>(slot), 1, of(activation_, slot));
      layer.spiking->decode(static_cast<int>(slot), divisor, of(decoded_, slot));
      layer.current->decode(static_cast<int>(slot), divisor, of(currents_, slot));
      const std::span<float> currents = of(currents_, slot);  // pixel-major
      for (std::size_t i = 0; !layer.start.empty() && i < currents.size(); ++i)
        currents[i] += layer.start[i % layer.start.size()];
    });
    layer.function.apply(currents_, count, pool_, of_current_);
    std::vector<LayerSums> by_slot(count);
    pool_.for_ranges(count, 1, [&](std::int64_t slot, std::int64_t) {
      by_slot[slot].add(
          {of(activation_, slot), of(decoded_, slot), of(of_current_, slot),
           std::span(layer.spiking->events).subspan(slot * size, size),
           std::span(layer.spiking->least).subspan(slot * size, size), layer.spiking->largest[slot]},
          steps);
    });
    for (const LayerSums& sums : by_slot) layer.by_steps[index].add(sums);
  }

  static int answer(std::span<const float> logits) {
    return argmax(logits.data(), static_cast<int>(logits.size()));
  }

  void add_logits(LogitSums& sums, int slot, int steps) {
    const std::span<const float> source = source_.logits(slot);
    const std::span<const float> spiking = spiking_.logits(slot);
    sums.same += answer(source) == answer(spiking) ? 1 : 0;
    sums.right += answer(spiking) == labels_[slot] ? 1 : 0;
    for (std::size_t k = 0; k < source.size(); ++k)
      sums.pairs.add(source[k], static_cast<double>(spiking[k]) / steps);
  }

  Diagnosis result() const {
    Diagnosis found;
    const auto share = [&](std::int64_t count) {
      return static_cast<double>(count) / static_cast<double>(samples_);
    };
    found.samples = samples_;
    found.source_accuracy = share(right_);
    found.steps = steps_;
    found.left_out = left_out_;
    for (const Layer& layer : layers_) {
      DiagnosedLayer diagnosed{layer.name, layer.spiking->size, layer.by_steps.back().rms(), {}};
      for (std::size_t i = 0; i < steps_.size(); ++i)
        diagnosed.by_steps.push_back(layer.by_steps[i].result(steps_[i]));
      found.layers.push_back(std::move(diagnosed));
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const LogitSums& sums = logits_[i];
      found.logits.push_back({steps_[i], share(sums.same), sums.pairs.correlation(), share(sums.right)});
    }
    return found;
  }

  const ImageSet& data_;
  std::int64_t samples_;
  std::vector<int> steps_;
  bool running_;  // sums decode to activations, without a mean
  int slots_;
  Engine source_, spiking_;
  SumTap source_tap_, spiking_tap_;
  TaskPool pool_;
  std::vector<Layer> layers_;
  std::vector<std::string> left_out_;
  std::vector<LogitSums> logits_;
  std::int64_t right_ = 0;  // of the source network
  // Of the samples in the slots.
  std::vector<float> pixels_;
  std::vector<int> labels_;
  std::vector<float> activation_, decoded_, currents_, of_current_;  // of one layer, [slot][value]
};

}  // namespace

Diagnosis diagnose(const Graph& source, const Graph& spiking, const ImageSet& data, const Registry& registry,
                   const DiagnosisOptions& options, const std::function<void()>& advance) {
  if (options.steps < 1 || options.steps > max_diagnosed_steps)
    throw InputError("--steps", fmt::format("{}", options.steps),
                     fmt::format("expected 1 to {}", max_diagnosed_steps));
  Graph graph = source;
  move_max_pools(graph, registry.schemas());
  return Diagnoser(graph, spiking, data, registry, options).run(advance);
}

std::optional<std::size_t> loss_start(const Diagnosis& diagnosis) {
  double largest = 0.0;  // NaN, of layers that are always 0, is never larger
  for (const DiagnosedLayer& layer : diagnosis.layers)
    largest = std::max(largest, layer.by_steps.back().own_error);
  const double bound = std::max(noticeable, comparable * largest);
  for (std::size_t i = 0; i < diagnosis.layers.size(); ++i) {
    const double own = diagnosis.layers[i].by_steps.back().own_error;
    if (own > noticeable && own >= bound) return i;
  }
  return std::nullopt;
}

}  // namespace rheobase

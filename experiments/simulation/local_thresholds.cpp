#include "experiments/simulation/local_thresholds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "converters/passes/thresholds.h"
#include "experiments/simulation/spread_samples.h"
#include "neurons/relu.h"
#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

constexpr std::int64_t batch_samples = 8;
constexpr const char* op = "LocalThreshold";  // a ReLU under its threshold

// Of one activation, by channel.
struct Balance {
  std::vector<double> threshold, largest;
};
using Balances = std::map<std::string, Balance>;

// A batch is what the engine's slots hold.
class LocalThreshold : public HostKernel {
 public:
  LocalThreshold(const NodeContext& context, Balance& balance)
      : spec_(context.inputs.at(0)), max_(ReluParameters::of(context.node).max), balance_(balance) {}

  void step(const StepArgs& args) const override {
    balance(args);
    for_lane_items(args, spec_.shape.pixels(), 2 * spec_.shape.channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, const ScratchMemory&) {
                     const float* x = args.inputs[0].real(lane);
                     float* y = args.output.real(lane);
                     const std::int64_t channels = spec_.shape.channels;
                     for (std::int64_t i = begin * channels; i < end * channels; ++i) {
                       const auto theta = static_cast<float>(balance_.threshold[i % channels]);
                       y[i] = std::min(std::max(x[i] * spec_.scale(i % channels), 0.0F), theta);
                     }
                   });
  }

 private:
  // Sums of one lane, which one thread adds up.
  struct Sums {
    std::vector<double> excess, largest;
  };

  Sums sums_of(const float* x) const {
    const std::int64_t channels = spec_.shape.channels;
    Sums sums{std::vector<double>(channels), std::vector<double>(channels)};
    for (std::int64_t i = 0; i < spec_.shape.size(); ++i) {
      const std::int64_t c = i % channels;
      const double value = std::min<double>(x[i] * spec_.scale(c), max_);
      // A value that is no number must not pass unseen.
      if (!(value <= balance_.threshold[c])) sums.excess[c] += value - balance_.threshold[c];
      sums.largest[c] = std::max(sums.largest[c], value);
    }
    return sums;
  }

  void balance(const StepArgs& args) const {
    const std::size_t lanes = args.lanes.size();
    std::vector<Sums> sums(lanes);
    args.pool.for_ranges(static_cast<std::int64_t>(lanes), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) sums[i] = sums_of(args.inputs[0].real(args.lanes[i]));
    });
    const double values = static_cast<double>(lanes) * static_cast<double>(spec_.shape.pixels());
    for (std::size_t c = 0; c < balance_.threshold.size(); ++c) {
      double excess = 0.0;
      for (const Sums& lane : sums) {
        excess += lane.excess[c];
        balance_.largest[c] = std::max(balance_.largest[c], lane.largest[c]);
      }
      const double grown = balance_.threshold[c] + 2.0 * excess / values;
      balance_.threshold[c] = std::isfinite(grown) ? std::min(grown, balance_.largest[c]) : grown;
    }
  }

  SignalSpec spec_;
  double max_;
  Balance& balance_;
};

// The ops of `registry` and one whose kernels change `balances`, which must outlive it.
Registry balancing(const Registry& registry, Balances& balances) {
  Registry own = registry;
  OpSchema schema = relu_schema();
  schema.name = op;
  own.add_schema(std::move(schema));
  own.add_plan(op, Arithmetic::float32, [](const NodeContext& context) {
    NodePlan plan;
    plan.output.shape = context.inputs.at(0).shape;
    return plan;
  });
  own.add_kernel(op, DeviceKind::cpu, Arithmetic::float32, [&](const NodeContext& context, const NodePlan&) {
    return std::make_unique<LocalThreshold>(context, balances.at(context.node.name));
  });
  return own;
}

std::int64_t slots_of(std::int64_t samples) { return std::min(batch_samples, samples); }

Thresholds thresholds_of(const Balances& balances, const std::vector<OpenActivation>& activations) {
  Thresholds thresholds;
  for (const OpenActivation& activation : activations) {
    const std::vector<double>& found = balances.at(activation.node).threshold;
    if (!std::all_of(found.begin(), found.end(), [](double value) { return std::isfinite(value); }))
      throw InputError("--data", activation.node, "reads a value that is no finite number");
    std::vector<float> values(found.begin(), found.end());
    fill_silent_channels(values);
    thresholds[activation.node] = std::move(values);
  }
  return thresholds;
}

}  // namespace

std::int64_t balanced_samples(const BalanceOptions& options, const ImageSet& data) {
  return options.batches * slots_of(std::min(options.samples, data.size()));
}

Thresholds balance_thresholds(const Graph& graph, const std::vector<OpenActivation>& activations,
                              const ImageSet& data, const Registry& registry, const BalanceOptions& options,
                              const std::function<void()>& advance) {
  const SpreadSamples samples(data, options.samples);
  Graph clipped = graph;
  Balances balances;
  for (const OpenActivation& activation : activations) {
    clipped.find(activation.node)->op = op;
    const std::vector<double> zeros(static_cast<std::size_t>(activation.channels));
    balances[activation.node] = {zeros, zeros};
  }
  EngineOptions engine_options;
  engine_options.slots = static_cast<int>(slots_of(samples.size()));
  engine_options.threads = options.threads;
  Engine engine(clipped, balancing(registry, balances), engine_options);
  samples.expect_shape(engine.input_shape());
  std::vector<float> pixels(static_cast<std::size_t>(element_count(engine.input_shape())));
  // Far from each other: sets are often sorted by class.
  const std::int64_t stride = samples.size() / engine.slots();
  for (std::int64_t batch = 0; batch < options.batches; ++batch) {
    for (int slot = 0; slot < engine.slots(); ++slot) {
      const std::int64_t sample = (batch + slot * stride) % samples.size();
      samples.read(sample, pixels);
      engine.load(slot, pixels, static_cast<std::uint64_t>(sample), 1);
    }
    engine.step();
    for (int slot = 0; slot < engine.slots(); ++slot) {
      engine.release(slot);
      advance();
    }
  }
  return thresholds_of(balances, activations);
}

}  // namespace rheobase

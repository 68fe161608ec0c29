#include "sim/engine/runner.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/engine/sample_shape.h"

namespace rheobase {
namespace {

// The samples in flight and what has been seen of each.
class Stream {
 public:
  Stream(Engine& engine, const SampleSource& source, const StopPolicy& policy, const RunOptions& options,
         const std::function<void(const SampleResult&)>& finished)
      : engine_(engine),
        source_(source),
        policy_(policy),
        options_(options),
        finished_(finished),
        next_(options.first),
        slots_(engine.slots()),
        pixels_(element_count(engine.input_shape())) {}

  std::int64_t run() {
    for (int slot = 0; slot < engine_.slots(); ++slot) {
      engine_.release(slot);  // an earlier run may have ended by an exception
      refill(slot);
    }
    std::int64_t image_steps = 0;
    while (in_flight_ > 0) {
      engine_.step();
      image_steps += in_flight_;
      for (int slot = 0; slot < engine_.slots(); ++slot) {
        if (engine_.occupied(slot)) look_at(slot);
      }
    }
    return image_steps;
  }

 private:
  struct Sample {
    std::int64_t index = 0;
    StopMemory memory;
    std::vector<float> logits_by_step;
  };

  void refill(int slot) {
    if (next_ >= options_.first + options_.count) return;
    Sample& sample = slots_[slot];
    sample.index = next_++;
    sample.memory = {};
    sample.logits_by_step.clear();
    source_.read(sample.index, pixels_);
    engine_.load(slot, pixels_, static_cast<std::uint64_t>(sample.index), options_.steps);
    ++in_flight_;
  }

  void look_at(int slot) {
    Sample& sample = slots_[slot];
    const std::span<const float> logits = engine_.logits(slot);
    sample.logits_by_step.insert(sample.logits_by_step.end(), logits.begin(), logits.end());
    const int t = engine_.time(slot);
    const bool stopped = t < options_.steps && policy_.stop(logits, t, sample.memory);
    if (!stopped && t < options_.steps) return;
    finished_({sample.index, t, stopped, sample.logits_by_step, engine_.spike_counts(slot),
               engine_.spike_hash(slot), slot});
    engine_.release(slot);
    --in_flight_;
    refill(slot);
  }

  Engine& engine_;
  const SampleSource& source_;
  const StopPolicy& policy_;
  const RunOptions& options_;
  const std::function<void(const SampleResult&)>& finished_;
  std::int64_t next_;
  std::int64_t in_flight_ = 0;
  std::vector<Sample> slots_;
  std::vector<float> pixels_;
};

void check(const Engine& engine, const SampleSource& source, const RunOptions& options) {
  Faults faults;
  if (options.steps < 1) faults.push_back({"steps", std::to_string(options.steps) + ", expected 1 or more"});
  if (options.steps > engine.max_steps()) {
    faults.push_back({engine.max_steps_node(),
                      "fixed arithmetic may overflow after " + std::to_string(engine.max_steps()) +
                          " steps, and the run has " + std::to_string(options.steps)});
  }
  if (options.first < 0 || options.count < 0 || options.first + options.count > source.size()) {
    faults.push_back({"samples", std::to_string(options.first) + " to " +
                                     std::to_string(options.first + options.count - 1) + " of " +
                                     std::to_string(source.size())});
  }
  if (!takes_samples(engine.input_shape(), source.shape())) {
    faults.push_back({"sample shape",
                      to_string(source.shape()) + ", the network takes " + to_string(engine.input_shape())});
  }
  throw_if_any("run", faults);
}

}  // namespace

bool takes_samples(const Shape& input, const Shape& sample) {
  const auto extents = [](Shape shape) {
    std::erase(shape, 1);
    return shape;
  };
  return extents(input) == extents(sample);
}

std::int64_t run_samples(Engine& engine, const SampleSource& source, const StopPolicy& policy,
                         const RunOptions& options,
                         const std::function<void(const SampleResult&)>& finished) {
  check(engine, source, options);
  return Stream(engine, source, policy, options, finished).run();
}

}  // namespace rheobase

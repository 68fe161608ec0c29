#include "sim/engine/runner.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/engine/sample_shape.h"

namespace rheobase {
namespace {

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
  Sample memory;
  std::int64_t next = options.first;
  const auto feed = [&](SampleView& view, std::uint64_t& sample) {
    if (next == options.first + options.count) return false;
    source.fetch(next, memory);
    view = {memory.pixels, memory.events, memory.steps, memory.stream};
    sample = static_cast<std::uint64_t>(next++);
    return true;
  };
  return engine.stream(feed, policy.rule(), options.steps, finished);
}

}  // namespace rheobase

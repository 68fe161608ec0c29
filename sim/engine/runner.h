#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// A sample's memory.
struct Sample {
  std::vector<float> pixels;  ///< images: [0, 1] before normalisation, C, H, W order
  std::vector<InputEvent> events;
  std::shared_ptr<EventStream> stream;  ///< where the events are too many to be held: they are read from it
  std::int64_t steps = 0;               ///< that the sample has, where it is over by itself; 0 for any number
};

/// Samples by index. fetch() may be called from one thread at a time.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual std::int64_t size() const = 0;
  virtual Shape shape() const = 0;  ///< of one sample, {C, H, W} or {N}
  /// Makes `sample` the one at `index`; what it holds may be another's.
  virtual void fetch(std::int64_t index, Sample& sample) const = 0;
};

/// Samples that are images, or other lists of numbers.
class ImageSource : public SampleSource {
 public:
  /// Writes sample `index` as floats; images have pixels in [0, 1] before normalisation.
  virtual void read(std::int64_t index, std::span<float> pixels) const = 0;
  // Here, so that a data set needs no engine.
  void fetch(std::int64_t index, Sample& sample) const final {
    sample.events.clear();
    sample.stream = nullptr;
    sample.steps = 0;
    sample.pixels.resize(static_cast<std::size_t>(element_count(shape())));
    read(index, sample.pixels);
  }
};

struct RunOptions {
  int steps = 1;  ///< budget T, 1 or more
  std::int64_t first = 0;
  std::int64_t count = 0;  ///< samples first .. first + count - 1
};

/// Streams samples through the engine's slots. After each step `policy` looks at every sample's accumulated
/// logits; a sample that is done is handed to `finished` (in order of finishing) and its slot is refilled
/// before the next step. `finished` may throw to end the run. Returns the number of image-steps simulated.
std::int64_t run_samples(Engine& engine, const SampleSource& source, const StopPolicy& policy,
                         const RunOptions& options, const std::function<void(const SampleResult&)>& finished);

}  // namespace rheobase

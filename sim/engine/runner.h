#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// Samples by index. read() may be called from one thread at a time.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual std::int64_t size() const = 0;
  virtual Shape shape() const = 0;  ///< of one sample, {C, H, W} or {N}
  /// Writes sample `index` as floats; images have pixels in [0, 1] before normalisation.
  virtual void read(std::int64_t index, std::span<float> pixels) const = 0;
};

/// What is known of a sample when it ends. The spans are valid during the call only.
struct SampleResult {
  std::int64_t sample = 0;                      ///< index in the source
  int steps = 0;                                ///< exit time, 1..budget
  bool stopped = false;                         ///< by the policy, before the budget ran out
  std::span<const float> logits_by_step;        ///< [steps][K], accumulated
  std::span<const std::uint64_t> spike_counts;  ///< per spiking node, over all its steps
  std::uint64_t spike_hash = 0;
  int slot = 0;  ///< of the engine, in which it ran
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

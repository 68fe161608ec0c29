#pragma once

#include <cstdint>
#include <span>

#include "sim/engine/engine.h"

namespace rheobase {

/// A sample on its way into a slot.
struct StagedSample {
  /// The slot is whichever gets free first; the stream's rule and budget end the sample.
  static constexpr int any_slot = -1;

  SampleView sample;       ///< copied, or encoded, by stage(); its stream is kept
  std::uint64_t id = 0;    ///< for random numbers and hashes
  std::int64_t steps = 0;  ///< no more will be asked for; the budget of a streamed sample
  int slot = any_slot;
};

/// What can be said of a slot between two steps. The spans are valid until the next call.
struct SlotReading {
  bool occupied = false;
  int time = 0;  ///< steps since the sample entered
  std::span<const float> logits;
  std::span<const std::uint64_t> spike_counts;  ///< per spiking node
  std::uint64_t spike_hash = 0;
};

/// Runs a plan on one device: owns signals, state and everything known of the samples in its slots, decides
/// after every step which are done, and fills slots that got free, in ascending order, with what is staged,
/// in that order. A sample's results depend on nothing else (Engine).
class Executor {
 public:
  explicit Executor(int capacity) : capacity_(capacity) {}
  virtual ~Executor() = default;

  /// How many samples may be staged or in slots at once.
  int capacity() const { return capacity_; }

  /// Empties all slots; `rule`, whose thresholds must outlive the stream, ends streamed samples from now on.
  virtual void begin(const StopRule& rule) = 0;
  /// Throws InputError naming a sample that cannot be encoded.
  virtual void stage(const StagedSample& sample) = 0;
  /// Appends events to those of a sample, which keeps none of the steps that it took.
  virtual void feed(int slot, std::span<const InputEvent> events) = 0;
  /// Advances every occupied slot by up to `steps` steps, fewer where a streamed sample ends before. `tap`,
  /// if any, is shown every signal. Throws InputError where fixed arithmetic could not go on; slots whose
  /// step was not computed because of that are empty.
  virtual void advance(int steps, SignalTap* tap) = 0;
  /// The streamed samples that ended during the last advance(), in order of finishing. Their spans are valid
  /// until the next call but this.
  virtual std::span<const SampleResult> finished() const = 0;
  virtual SlotReading read(int slot) const = 0;
  virtual void release(int slot) = 0;

 private:
  int capacity_;
};

}  // namespace rheobase

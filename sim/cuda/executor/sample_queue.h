#pragma once

#include <span>
#include <vector>

#include "sim/cuda/device/device_memory.h"
#include "sim/cuda/executor/run_state.h"
#include "sim/engine/engine.h"

namespace rheobase::cuda {

/// Samples on their way into slots and results on their way back, in memory that host and GPU share. An entry
/// is a sample's from the moment it is staged until its result was handed over. Used while the GPU is idle.
class SampleQueue {
 public:
  /// `image_bytes` of an encoded sample.
  SampleQueue(int capacity, std::size_t image_bytes);

  int capacity() const { return capacity_; }
  bool is_idle() const { return static_cast<int>(free_.size()) == capacity_; }
  /// Forgets all samples.
  void clear();
  /// An entry for a sample; its image is to be written next.
  std::int32_t stage(std::uint64_t id, std::int64_t limit);
  std::byte* host_image(std::int32_t entry) const { return host_images_.data() + image_bytes_ * entry; }
  std::byte* device_image(std::int32_t entry) const { return device_images_.data() + image_bytes_ * entry; }
  std::size_t image_bytes() const { return image_bytes_; }

  Queue device_view() const;
  /// The entries that finished since the last call, in order; they stay as they are until the next stage().
  std::span<const std::int32_t> take_finished();
  const StagedEntry& staged(std::int32_t entry) const { return staged_.as<StagedEntry>()[entry]; }

 private:
  int capacity_;
  std::size_t image_bytes_;
  PinnedMemory host_images_, staged_, waiting_, finished_, counters_;
  DeviceMemory device_images_;
  std::vector<std::int32_t> free_, taken_;
};

/// What is kept of samples by step, in memory that host and GPU share.
class ResultRecords {
 public:
  ResultRecords(int entries, int classes, int spiking, int synapses);

  /// Makes room for samples of up to `steps` steps; what was kept is lost if there was less.
  void reserve(std::int64_t steps);
  Records device_view() const;
  SampleResult result(const StagedEntry& staged, std::int32_t entry) const;

 private:
  int entries_, classes_, spiking_, synapses_;
  std::int32_t most_steps_ = 0;
  PinnedMemory finished_, logits_, counts_, steps_, synapse_costs_;
};

}  // namespace rheobase::cuda

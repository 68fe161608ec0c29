#pragma once

#include <cstdint>
#include <span>

#include "sim/cuda/device/stream.h"
#include "sim/op/kernel.h"

namespace rheobase::cuda {

/// The slots that a kernel advances, in memory of the GPU: how many they are is not known when work is
/// enqueued.
struct ActiveSlots {
  const std::int32_t* count = nullptr;
  const std::int32_t* slot = nullptr;  ///< [count], ascending
  const std::int32_t* time = nullptr;  ///< by slot: steps taken; at 0 the state is not there yet
};

/// A signal as kernels see it. Bits are read as words of 32: two make one of SignalSpec's.
struct DeviceSignal {
  DeviceSignal() = default;
  DeviceSignal(const SignalSpec& spec, const SignalView& view)
      : data(view.data),
        slot_bytes(static_cast<std::int64_t>(view.entry_bytes)),
        type(spec.type),
        channels(static_cast<std::int32_t>(spec.shape.channels)),
        words(static_cast<std::int32_t>(2 * spec.words_per_pixel())) {}

  template <class T>
  RHEOBASE_HD T* of(std::int32_t slot) const {
    return reinterpret_cast<T*>(data + slot_bytes * slot);
  }

  std::byte* data = nullptr;
  std::int64_t slot_bytes = 0;
  SignalType type = SignalType::int32;
  std::int32_t channels = 0;
  std::int32_t words = 0;  ///< of 32 bits a pixel
};

/// One number of a signal of fixed arithmetic.
RHEOBASE_HD inline std::int32_t number_at(const DeviceSignal& signal, std::int32_t slot, std::int32_t pixel,
                                          std::int32_t channel) {
  const std::int64_t index = std::int64_t{pixel} * signal.channels + channel;
  if (signal.type == SignalType::int32) return signal.of<const std::int32_t>(slot)[index];
  if (signal.type == SignalType::int16) return signal.of<const std::int16_t>(slot)[index];
  const std::int64_t word = std::int64_t{pixel} * signal.words + channel / 32;
  return static_cast<std::int32_t>(signal.of<const std::uint32_t>(slot)[word] >> (channel % 32) & 1U);
}

/// What a kernel may touch in one step. Signals and states have an entry for every slot.
struct CudaStep {
  ActiveSlots active;
  int most_slots = 1;   ///< that may be active
  int most_blocks = 1;  ///< of a grid: kernels loop over their work
  std::span<const SignalView> inputs;
  SignalView output;
  SignalView state;
  StreamHandle stream = nullptr;
};

/// A node on a GPU.
class CudaKernel : public Kernel {
 public:
  /// Takes weights and tables to the current GPU; once, before the first enqueue().
  virtual void upload() {}
  /// Orders one step; returns at once.
  virtual void enqueue(const CudaStep& step) const = 0;
};

}  // namespace rheobase::cuda

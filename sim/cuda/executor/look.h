#pragma once

#include "sim/cuda/executor/run_state.h"

namespace rheobase::cuda {

/// How one node's output is counted.
struct LookedAt {
  DeviceSignal signal;
  std::int32_t pixels = 0;
  std::int32_t node = 0;      ///< of the plan, for hashes
  std::int32_t spiking = -1;  ///< which spiking node it is
  std::int32_t hashed = 0;
  std::int32_t base = -1;  ///< CountedNode::base; -1 where no operations are counted
  std::int32_t one = 1;    ///< CountedSignal::one
  std::int32_t readers = 0;
  const std::uint32_t* fan_out = nullptr;  ///< [reader][pixel][channel]

  bool sees() const { return spiking >= 0 || base >= 0; }
};

/// Adds what the active slots emitted to their counts, hashes and work.
void enqueue_look(const RunState& run, const ActiveSlots& active, const LookedAt& look, int most_blocks,
                  StreamHandle stream);

}  // namespace rheobase::cuda

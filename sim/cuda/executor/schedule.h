#pragma once

#include "sim/cuda/executor/run_state.h"

namespace rheobase::cuda {

/// Before a step: free slots take what is staged, in ascending order, and the lists of active and fresh slots
/// are made.
void enqueue_admit(const RunState& run, StreamHandle stream);

/// Copies the images of fresh streamed samples, by entry, to their slots.
void enqueue_load(const RunState& run, const std::byte* images, const SignalView& input, int most_blocks,
                  StreamHandle stream);

/// After a step: time, readout, stop rule, costs, and the results of samples that are done, in ascending
/// order of their slots.
void enqueue_conclude(const RunState& run, StreamHandle stream);

}  // namespace rheobase::cuda

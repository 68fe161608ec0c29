#pragma once

#include <cstdint>

#include "sim/format/recording_file.h"

namespace rheobase {

/// A recording that ran to the end: logits are seeded random walks. The label's class gains on the others by
/// 0 to 0.5 a step, by how easy the sample is; one sample in ten is mislabelled.
Recording random_walks(std::int64_t samples, int steps, std::uint64_t seed = 1, std::int64_t classes = 5);

}  // namespace rheobase

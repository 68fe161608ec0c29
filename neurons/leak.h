#pragma once

#include <cstdint>

#include "sim/graph/op_schema.h"

namespace rheobase {

// The tensor `decay` of leaky neurons, what a step leaves of u = v - v_leak: real numbers from 0 to 1, or in
// fixed arithmetic integers from 0 to 2^decay_shift (lif_step.h).

AttributeSpec decay_shift_spec();
void expect_decay(const Node& node, Faults& faults);
/// To the nearest multiple of 2^-lif_decay_bits: exact from 1/2 on, where float32 has no finer ones.
void make_decay_fixed(Node& node);

/// An integer decay of a fixed node in units of 2^-lif_decay_bits. One with another shift has the same
/// products behind it: both are multiplied by the same power of two.
std::int32_t fixed_decay_of(const Node& node, std::int64_t channel);

/// Where the geometric series of a leaky potential ends, for currents within +-current and a decay below 1:
/// F = (current + 1/2) / (1 - d). A |u| of at most F stays so: d F + 1/2 + current = F, with 1/2 for the
/// rounding. Rounded down, as |u| is whole; within 2^57.
std::int64_t leaky_reach(std::int32_t decay, std::int64_t current);

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "neurons/reset.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

// What spiking neurons have in common: attribute `reset`, checks of their tensors.

const char* to_string(Reset reset);

/// Of a validated node; subtract where it says nothing.
Reset reset_of(const Node& node);
void expect_reset(const Node& node, Faults& faults);

/// Every value of a tensor, where the node has it, is more than 0.
void expect_within(const Node& node, const std::string& tensor, double low, double high, Faults& faults);
void expect_positive(const Node& node, const std::string& tensor, Faults& faults);

/// One value a channel, of a tensor with one value or one a channel.
std::vector<float> spread(const Tensor& tensor, std::int64_t channels);

}  // namespace rheobase

#pragma once

#include <vector>

#include "sim/op/kernel.h"

namespace rheobase {

/// Where the elements of a Flatten, Slice, Pad or Concat come from: each is one input element or zero.
struct Rearrangement {
  explicit Rearrangement(const NodeContext& context);

  struct Element {
    std::int32_t input = -1;  ///< none: zero
    std::int64_t pixel = 0;
    std::int64_t channel = 0;
  };

  std::vector<SignalSpec> inputs;
  SignalSpec output;
  std::vector<Element> elements;  ///< in the order of the output's storage
};

}  // namespace rheobase

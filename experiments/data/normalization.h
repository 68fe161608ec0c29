#pragma once

#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/shape.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// (pixel - mean) / std per channel, pixels in [0, 1]. Empty lists leave the pixels as they are.
struct Normalization {
  std::vector<float> mean;
  std::vector<float> std;

  bool operator==(const Normalization&) const = default;
};

/// By name - cifar10, cifar100, mnist, fashion-mnist, imagenet, none - or the numbers
/// `mean,mean,...;std,std,...`. Throws InputError on anything else.
Normalization normalization_preset(const std::string& text);

/// Whether the numbers can be those of samples of this shape: as many as channels (one serves all values of a
/// sample {N}), and for images those of pixels in [0, 1]. Throws InputError naming the first that cannot be;
/// returns what is unlikely.
Notes check_normalization(const Normalization& normalization, const Shape& shape);

/// What a network does with its pixels: its Input node's numbers, and whether an Affine scales and shifts
/// them before all else.
Normalization normalization_of(const Graph& graph);
bool rescales_itself(const Graph& graph);

/// `mean 0.286, std 0.353`; `none: pixels as they are`.
std::string to_string(const Normalization& normalization);

}  // namespace rheobase

#pragma once

#include "sim/core/shape.h"

namespace rheobase {

/// Whether samples of the shape `sample` are what a network with inputs of `input` takes: extents of 1 may
/// stand elsewhere, which changes no element's place. Signals [N, C, L] read as 1 x C x L, for networks of C
/// x 1 x L.
bool takes_samples(const Shape& input, const Shape& sample);

}  // namespace rheobase

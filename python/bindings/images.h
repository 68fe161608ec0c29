#pragma once

#include <cstdint>
#include <span>

#include "experiments/data/pixel_range.h"
#include "sim/core/shape.h"

namespace rheobase::python {

/// Throws InputError where samples of the shape `sample` are not what a network with inputs of `input` takes.
/// Extents of 1 may be left out.
void expect_taken(const Shape& input, const Shape& sample, const char* argument);

/// Looks at pixels of samples that lie one after another, as the program does at those of files: InputError
/// where a network that normalises pixels in [0, 1] is given others; what is unlikely comes back.
Notes check_pixels(std::span<const float> pixels, const Shape& sample, PixelUse use, const char* argument);

}  // namespace rheobase::python

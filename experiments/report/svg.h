#pragma once

#include <string>

#include "experiments/report/figure.h"

namespace rheobase {

/// The figure as a stand-alone SVG picture of 720 units width, for light paper: axes with round ticks,
/// series clipped to the axes, their names and the caption below. Numbers that are not finite are left out.
std::string svg_text(const Figure& figure);

/// Round numbers (1, 2 or 5 by a power of ten) between `low` and `high`, about `count` of them.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace rheobase

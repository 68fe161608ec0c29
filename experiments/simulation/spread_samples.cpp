#include "experiments/simulation/spread_samples.h"

#include <fmt/format.h>

#include "sim/core/error.h"

namespace rheobase {

void SpreadSamples::expect_shape(const Shape& wanted) const {
  if (wanted == shape()) return;
  throw InputError("--data", "",
                   fmt::format("samples are {}, the network takes {}{}", to_string(shape()),
                               to_string(wanted), way_to_shape(info(), wanted)));
}

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <vector>

#include "experiments/data/data_set.h"

namespace rheobase {

inline std::vector<float> read_sample(const ImageSet& data, std::int64_t index) {
  std::vector<float> pixels(element_count(data.shape()));
  data.read(index, pixels);
  return pixels;
}

}  // namespace rheobase

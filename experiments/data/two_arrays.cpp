#include "experiments/data/two_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase {

Shape sample_shape(std::span<const std::uint64_t> images, std::vector<Fault>& faults) {
  const std::size_t rank = images.size();
  if (rank < 2 || rank > 4) {
    faults.push_back({"images", fmt::format("rank {}, expected [N, C, H, W], [N, H, W] or [N, D]", rank)});
    return {};
  }
  Shape shape(images.begin() + 1, images.end());
  if (rank == 3) shape.insert(shape.begin(), 1);
  std::uint64_t values = 1;
  for (const std::int64_t extent : shape) {
    const auto limit = static_cast<std::int64_t>(max_sample_values / values);
    if (extent < 1 || extent > limit) {
      faults.push_back({"images", fmt::format("samples of {} values", to_string(shape))});
      return {};
    }
    values *= static_cast<std::uint64_t>(extent);
  }
  return shape;
}

std::vector<int> as_labels(std::span<const std::int64_t> labels, std::vector<Fault>& faults) {
  const auto wrong = std::find_if(labels.begin(), labels.end(),
                                  [](std::int64_t label) { return label < 0 || label > max_label; });
  if (wrong == labels.end()) return {labels.begin(), labels.end()};
  faults.push_back({"labels", fmt::format("record {} has label {}, expected 0 to {}", wrong - labels.begin(),
                                          *wrong, max_label)});
  return {};
}

void check_finite(const std::string& file, std::int64_t first, std::int64_t values,
                  std::span<const float> pixels) {
  const auto wrong = std::find_if(pixels.begin(), pixels.end(), [](float x) { return !std::isfinite(x); });
  if (wrong == pixels.end()) return;
  const std::int64_t at = wrong - pixels.begin();
  throw InputError(file, fmt::format("images, sample {}", first + at / values),
                   fmt::format("pixel {} is {}", at % values, *wrong));
}

}  // namespace rheobase

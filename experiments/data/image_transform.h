#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "experiments/data/decode_image.h"
#include "sim/core/shape.h"

namespace rheobase {

/// Height and width.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool operator==(const ImageSize&) const = default;
};

/// What is done with an image before it is a sample: resized, then cropped. At most one of the first two.
struct ImageTransform {
  std::optional<std::int64_t> shorter_edge;  ///< torchvision's Resize(N): the aspect stays
  std::optional<ImageSize> squash;           ///< torchvision's Resize((H, W))
  std::optional<std::int64_t> crop;          ///< torchvision's CenterCrop(N)

  /// That of the result, where it is the same for every image.
  std::optional<ImageSize> result() const;
  /// Throws BadImage for an image smaller than the crop, and for one that would be too large.
  RgbImage apply(RgbImage image) const;
};

/// A folder and what stands behind it.
struct ImagePlace {
  std::string folder;
  ImageTransform transform;
};

/// `DIR`, `DIR,resize=256,crop=224`, `DIR,resize=224x224`. `spec` is for the message of the InputError.
ImagePlace parse_image_place(const std::string& spec, const std::string& place);

}  // namespace rheobase

#include "experiments/data/image_transform.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/data/resample.h"
#include "experiments/data/spec_items.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::int64_t max_edge = 8192;

// Torchvision's CenterCrop: half of what is left over, rounded to even.
std::int64_t crop_start(std::int64_t extent, std::int64_t crop) {
  const std::int64_t left = extent - crop;
  return left / 2 + (left % 4 == 3 ? 1 : 0);
}

RgbImage resized(const RgbImage& image, const ImageSize& to) {
  constexpr std::int64_t any = max_image_pixels;  // a byte of the result may stand for so many
  check_image_size(image.height, to.width, any, 1);
  check_image_size(to.height, to.width, any, 1);
  return resample(image, to.height, to.width);
}

RgbImage cropped(const RgbImage& image, std::int64_t crop) {
  if (std::min(image.height, image.width) < crop)
    throw BadImage(fmt::format("is {}, less than crop {}: resize it first, as in --resize {} --crop {}",
                               size_text(image), crop, crop, crop));
  RgbImage result{crop, crop, {}};
  result.bytes.reserve(static_cast<std::size_t>(3 * crop * crop));
  const std::int64_t top = crop_start(image.height, crop), left = crop_start(image.width, crop);
  for (std::int64_t y = 0; y < crop; ++y) {
    const auto row = image.bytes.begin() + 3 * ((top + y) * image.width + left);
    result.bytes.insert(result.bytes.end(), row, row + 3 * crop);
  }
  return result;
}

void set_resize(const std::string& spec, const std::string& value, ImageTransform& transform) {
  const std::size_t cross = value.find('x');
  const auto first = positive_number(std::string_view(value).substr(0, cross), max_edge);
  const auto second = cross == std::string::npos
                          ? first
                          : positive_number(std::string_view(value).substr(cross + 1), max_edge);
  if (transform.shorter_edge || transform.squash) throw InputError(spec, "resize", "given twice");
  if (!first || !second)
    throw InputError(
        spec, "resize",
        fmt::format("'{}': expected N, of the shorter edge, or HxW, from 1 to {}", value, max_edge));
  if (cross == std::string::npos) {
    transform.shorter_edge = first;
  } else {
    transform.squash = ImageSize{*first, *second};
  }
}

void set_crop(const std::string& spec, const std::string& value, ImageTransform& transform) {
  if (transform.crop) throw InputError(spec, "crop", "given twice");
  transform.crop = positive_number(value, max_edge);
  if (!transform.crop)
    throw InputError(spec, "crop", fmt::format("'{}': expected N from 1 to {}", value, max_edge));
}

void check(const std::string& spec, const ImageTransform& transform) {
  if (!transform.crop) return;
  std::int64_t edge = transform.shorter_edge.value_or(max_edge);
  if (transform.squash) edge = std::min(transform.squash->height, transform.squash->width);
  if (*transform.crop > edge)
    throw InputError(spec, "crop", fmt::format("{}, of images resized to {}", *transform.crop, edge));
}

}  // namespace

std::optional<ImageSize> ImageTransform::result() const { return crop ? ImageSize{*crop, *crop} : squash; }

RgbImage ImageTransform::apply(RgbImage image) const {
  if (shorter_edge) {
    const std::int64_t shorter = std::min(image.height, image.width);
    image = resized(image, {*shorter_edge * image.height / shorter, *shorter_edge * image.width / shorter});
  }
  if (squash) image = resized(image, *squash);
  if (crop) image = cropped(image, *crop);
  return image;
}

ImagePlace parse_image_place(const std::string& spec, const std::string& place) {
  ImagePlace result{place, {}};
  while (const auto item = take_item(result.folder, {"resize", "crop"})) {
    const auto& [name, value] = *item;
    (name == "crop" ? set_crop : set_resize)(spec, value, result.transform);
  }
  if (result.folder.empty()) throw InputError(spec, "no folder given", "expected images:DIR");
  check(spec, result.transform);
  return result;
}

}  // namespace rheobase

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "experiments/data/byte_images.h"
#include "experiments/data/decode_image.h"
#include "experiments/data/image_transform.h"
#include "experiments/data/loaders.h"
#include "experiments/data/sample_list.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr std::size_t channels = 3;
constexpr std::uint64_t max_image_bytes = std::uint64_t{1} << 28;

// Those of torchvision's ImageFolder that are read here.
constexpr std::array<std::string_view, 3> read_endings{".jpg", ".jpeg", ".png"};
// Images that would then be missed without a word.
constexpr std::array<std::string_view, 16> other_endings{".bmp",  ".gif", ".webp", ".tif", ".tiff", ".ppm",
                                                         ".pgm",  ".pbm", ".jp2",  ".jxl", ".avif", ".heic",
                                                         ".heif", ".tga", ".jfif", ".jpe"};

template <std::size_t N>
bool ends_with_one_of(const std::array<std::string_view, N>& endings, const std::string& path) {
  return std::find(endings.begin(), endings.end(), lower_ending(path)) != endings.end();
}

constexpr SampleFiles image_files{
    "JPEG or PNG file", [](const std::string& path) { return ends_with_one_of(read_endings, path); },
    [](const std::string& path) { return ends_with_one_of(other_endings, path); },
    "is no .jpg, .jpeg or .png, which alone are read: convert or rename it"};

// Of one file, as the samples are. `where` says which sample it is.
RgbImage load(const std::string& file, const std::string& where, const ImageTransform& transform) {
  RgbImage image;
  try {
    image = decode_image(read_file(file, max_image_bytes));
  } catch (const BadImage& bad) {
    throw InputError(file, where,
                     fmt::format("cannot be read: {}; replace it or take it out of the set", bad.what()));
  }
  try {
    return transform.apply(std::move(image));
  } catch (const BadImage& bad) {
    throw InputError(file, where, bad.what());
  }
}

// Images that stay in their files: one is in memory while it is read.
class ImageFiles : public ImageSet {
 public:
  ImageFiles(DataInfo info, ImageTransform transform) : ImageSet(std::move(info)), transform_(transform) {}

  void read(std::int64_t index, std::span<float> pixels) const override {
    check_read(*this, index, pixels);
    const std::string& file = info().files.at(index);
    const std::string where = fmt::format("sample {}", index);
    const RgbImage image = load(file, where, transform_);
    if (image.height != shape()[1] || image.width != shape()[2])
      throw InputError(
          file, where,
          fmt::format("is {}, sample 0 is {}x{}: images of several sizes take --resize N --crop N, or "
                      "--resize HxW",
                      size_text(image), shape()[2], shape()[1]));
    const std::size_t plane = pixels.size() / channels;
    for (std::size_t i = 0; i < image.bytes.size(); ++i)
      pixels[i % channels * plane + i / channels] = pixel_of(image.bytes[i]);
  }

 private:
  ImageTransform transform_;
};

}  // namespace

std::string way_to_shape(const DataInfo& info, const Shape& wanted) {
  if (!info.spec.starts_with("images:")) return "";
  if (wanted.size() != 3 || wanted[0] != std::int64_t{channels})
    return "; images:DIR gives three channels: save others as npz or hdf5";
  const std::int64_t height = wanted[1], width = wanted[2];
  std::string options = fmt::format("--resize {}x{}", height, width);
  // Torchvision's custom: 256 and 224.
  if (height == width) options += fmt::format(", or --resize {} --crop {}", height * 8 / 7, height);
  return fmt::format("; resize them: {}", options);
}

std::unique_ptr<ImageSet> open_images(DataInfo info, const std::string& place) {
  const auto [folder, transform] = parse_image_place(info.spec, place);
  SampleList list = list_samples(folder, info.split, image_files);
  ImageSize size;
  if (const auto known = transform.result()) {
    size = *known;
  } else {
    const RgbImage first = load(list.files.front(), "sample 0", transform);
    size = {first.height, first.width};
  }
  info.shape = {channels, size.height, size.width};
  info.files = std::move(list.files);
  if (!list.labels_file.empty()) info.files.push_back(list.labels_file);
  info.labels = std::move(list.labels);
  info.class_names = std::move(list.class_names);
  info.classes = list.classes;
  return std::make_unique<ImageFiles>(std::move(info), transform);
}

}  // namespace rheobase

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "experiments/data/byte_images.h"
#include "experiments/data/loaders.h"
#include "experiments/data/npz_array.h"
#include "experiments/data/two_arrays.h"

namespace rheobase {
namespace {

constexpr const char* way_out = "numpy.savez(FILE, images=..., labels=...)";

bool is_byte(const NpyHeader& header) { return header.kind == 'u' && header.value_bytes == 1; }

Shape shape_of_samples(const NpyHeader& images, std::vector<Fault>& faults) {
  const bool real = images.kind == 'f' && (images.value_bytes == 4 || images.value_bytes == 8);
  if (!is_byte(images) && !real) {
    faults.push_back(
        {"images", fmt::format("values of type {}{}, expected uint8, float32 or float64: save it as "
                               "astype('float32')",
                               images.kind, images.value_bytes)});
    return {};
  }
  return sample_shape(images.extents, faults);
}

// That labels can be read: whole numbers of rank 1, one or more.
bool check_label_array(const NpzArray& array, std::vector<Fault>& faults) {
  const NpyHeader& header = array.header;
  const std::size_t before = faults.size();
  const auto fault = [&](const std::string& what) { faults.push_back({"labels", what}); };
  const bool whole =
      (header.kind == 'i' || header.kind == 'u') && header.value_bytes >= 1 && header.value_bytes <= 8;
  if (!whole)
    fault(fmt::format("values of type {}{}, expected integers: save them as int64", header.kind,
                      header.value_bytes));
  if (header.extents.size() != 1)
    fault(fmt::format("rank {}, expected integers of rank 1", header.extents.size()));
  if (faults.size() > before) return false;
  if (header.extents[0] < 1) fault("none: the set is empty");
  if (header.extents[0] > max_samples)
    fault(fmt::format("{} of them, at most {} are read", header.extents[0], max_samples));
  return faults.size() == before;
}

std::vector<int> read_labels(NpzArray& array, std::vector<Fault>& faults) {
  if (!check_label_array(array, faults)) return {};
  const auto bytes = read_member(array.member, array.value_count * array.header.value_bytes);
  array.member.expect_end();
  std::vector<std::int64_t> wide(array.value_count);
  for (std::size_t k = 0; k < wide.size(); ++k) wide[k] = npy_integer(array.header, bytes, k);
  return as_labels(wide, faults);
}

// Samples that stay in the file where they are stored, and are in memory where they were compressed.
class NpzImages : public ImageSet {
 public:
  NpzImages(DataInfo info, std::unique_ptr<ZipArchive> archive, NpzArray images)
      : ImageSet(std::move(info)), archive_(std::move(archive)), images_(std::move(images)) {
    if (images_.member.entry().stored) return;
    unpacked_ = read_member(images_.member, images_.value_count * images_.header.value_bytes);
    images_.member.expect_end();
  }

  void read(std::int64_t index, std::span<float> pixels) const override {
    check_read(*this, index, pixels);
    const std::size_t count = pixels.size() * images_.header.value_bytes;
    const std::span<const std::uint8_t> bytes = bytes_of(static_cast<std::uint64_t>(index) * count, count);
    if (is_byte(images_.header)) {
      std::transform(bytes.begin(), bytes.end(), pixels.begin(), pixel_of);
      return;
    }
    for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = npy_real(images_.header, bytes, k);
    check_finite(info().files.front(), index, static_cast<std::int64_t>(pixels.size()), pixels);
  }

 private:
  std::span<const std::uint8_t> bytes_of(std::uint64_t at, std::size_t count) const {
    if (!images_.member.entry().stored) return std::span(unpacked_).subspan(at, count);
    sample_.resize(count);
    images_.member.seek(images_.values_at + at);
    images_.member.read(sample_);
    return sample_;
  }

  std::unique_ptr<ZipArchive> archive_;
  mutable NpzArray images_;
  std::vector<std::uint8_t> unpacked_;
  mutable std::vector<std::uint8_t> sample_;  // that is being read
};

}  // namespace

std::unique_ptr<ImageSet> open_npz(DataInfo info, const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) throw InputError(file, "", "no such file");
  auto archive = std::make_unique<ZipArchive>(file);
  std::vector<Fault> faults;
  auto images = open_npz_array(*archive, "images", way_out, faults);
  auto labels = open_npz_array(*archive, "labels", way_out, faults);
  if (images) info.shape = shape_of_samples(images->header, faults);
  if (images && labels && faults.empty() && labels->header.extents.size() == 1 &&
      images->header.extents[0] != labels->header.extents[0]) {
    faults.push_back(
        {"", fmt::format("{} images, but {} labels", images->header.extents[0], labels->header.extents[0])});
  } else if (labels) {
    info.labels = read_labels(*labels, faults);
  }
  throw_if_any(file, faults);
  info.classes = *std::max_element(info.labels.begin(), info.labels.end()) + 1;
  info.files = {file};
  info.real_pixels = !is_byte(images->header);
  return std::make_unique<NpzImages>(std::move(info), std::move(archive), std::move(*images));
}

}  // namespace rheobase

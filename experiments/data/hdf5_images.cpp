#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "experiments/data/byte_images.h"
#include "experiments/data/hdf5_array.h"
#include "experiments/data/loaders.h"
#include "experiments/data/two_arrays.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr const char* if_missing = "is missing: a file of samples has the datasets images and labels";

// That labels can be read: integers of rank 1, as many as the file has room for.
bool check_label_array(const Hdf5Array& array, std::vector<Fault>& faults) {
  const std::size_t before = faults.size();
  const auto fault = [&](const std::string& what) { faults.push_back({"labels", what}); };
  if (array.type == H5T_FLOAT) fault("of a float type, expected integers: save them as int64");
  if (array.type != H5T_INTEGER || array.extents.size() != 1)
    fault(fmt::format("rank {}, expected integers of rank 1", array.extents.size()));
  if (faults.size() > before) return false;
  const hsize_t count = array.extents[0];
  // Labels are not compressed a thousandfold: a file that claims so holds none.
  const bool stored = H5Dget_storage_size(array.dataset.get()) * 1032 >= count * array.value_bytes;
  if (count < 1) {
    fault("none: the set is empty");
  } else if (count > max_samples) {
    fault(fmt::format("{} of them, at most {} are read", count, max_samples));
  } else if (!stored) {
    fault(fmt::format("{} of them, which the file does not have", count));
  }
  return faults.size() == before;
}

std::vector<int> read_labels(const Hdf5Array& array, std::vector<Fault>& faults) {
  if (!check_label_array(array, faults)) return {};
  const hsize_t count = array.extents[0];
  std::vector<std::int64_t> wide(count);
  hdf5::checked(H5Dread(array.dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, wide.data()),
                "read the labels");
  return as_labels(wide, faults);
}

// Before the labels are read, which may claim to be many: whether there are as many images, of which
// something is in the file.
bool counts_agree(const Hdf5Array& images, const Hdf5Array& labels, std::vector<Fault>& faults) {
  if (images.extents.empty() || labels.extents.size() != 1) return false;  // a fault of their own
  if (images.extents[0] != labels.extents[0]) {
    faults.push_back({"", fmt::format("{} images, but {} labels", images.extents[0], labels.extents[0])});
    return false;
  }
  if (images.extents[0] == 0 || H5Dget_storage_size(images.dataset.get()) > 0) return true;
  faults.push_back({"images", fmt::format("{} of them, of which the file holds nothing", images.extents[0])});
  return false;
}

Shape shape_of_samples(const Hdf5Array& array, std::vector<Fault>& faults) {
  const bool byte = array.type == H5T_INTEGER && !array.is_signed && array.value_bytes == 1;
  if (!byte && array.type != H5T_FLOAT) {
    faults.push_back({"images", "values are neither uint8 nor of a float type"});
    return {};
  }
  const std::vector<std::uint64_t> extents(array.extents.begin(), array.extents.end());
  return sample_shape(extents, faults);
}

// Samples that stay in the file.
class Hdf5Images : public ImageSet {
 public:
  Hdf5Images(DataInfo info, hdf5::File file, Hdf5Array images)
      : ImageSet(std::move(info)), file_(std::move(file)), images_(std::move(images)) {}

  ~Hdf5Images() override {
    const hdf5::Session session;
    images_.dataset.reset();
    file_.reset();
  }

  void read(std::int64_t index, std::span<float> pixels) const override {
    check_read(*this, index, pixels);
    read_block(index, 1, pixels);
  }

  void read_block(std::int64_t first, std::int64_t count, std::span<float> pixels) const override {
    const std::int64_t values = element_count(shape());
    if (first < 0 || first + count > size() || static_cast<std::int64_t>(pixels.size()) != count * values)
      throw InternalError(fmt::format("samples {} to {} of {}", first, first + count - 1, size()));
    try {
      read_samples(first, count, pixels);
    } catch (const hdf5::CallFailed& failure) {
      throw InputError(info().files.front(), fmt::format("images, sample {}", first), failure.what());
    }
    check_finite(info().files.front(), first, values, pixels);
  }

 private:
  void read_samples(std::int64_t first, std::int64_t samples, std::span<float> pixels) const {
    const hdf5::Session session;
    const auto read = [&](hid_t type, void* to) {
      read_hdf5_rows(images_, static_cast<hsize_t>(first), static_cast<hsize_t>(samples), type, to);
    };
    if (images_.type == H5T_FLOAT) return read(H5T_NATIVE_FLOAT, pixels.data());
    bytes_.resize(pixels.size());
    read(H5T_NATIVE_UINT8, bytes_.data());
    std::transform(bytes_.begin(), bytes_.end(), pixels.begin(), pixel_of);
  }

  hdf5::File file_;
  Hdf5Array images_;
  mutable std::vector<std::uint8_t> bytes_;  // of the samples being read
};

}  // namespace

std::unique_ptr<ImageSet> open_hdf5(DataInfo info, const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) throw InputError(file, "", "no such file");
  regular_file_size(file);
  will_read(file);
  std::vector<Fault> faults;
  const hdf5::Session session;
  try {
    hdf5::File opened(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open the file");
    auto images = open_hdf5_array(opened.get(), "images", if_missing, faults);
    const auto labels = open_hdf5_array(opened.get(), "labels", if_missing, faults);
    if (images) info.shape = shape_of_samples(*images, faults);
    if (images && labels && counts_agree(*images, *labels, faults)) {
      info.labels = read_labels(*labels, faults);
    } else if (labels) {
      check_label_array(*labels, faults);
    }
    throw_if_any(file, faults);
    info.classes = *std::max_element(info.labels.begin(), info.labels.end()) + 1;
    info.files = {file};
    info.real_pixels = images->type == H5T_FLOAT;
    return std::make_unique<Hdf5Images>(std::move(info), std::move(opened), std::move(*images));
  } catch (const hdf5::CallFailed& failure) {
    throw InputError(file, "", failure.what());
  }
}

}  // namespace rheobase

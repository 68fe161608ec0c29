#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "experiments/data/byte_images.h"
#include "experiments/data/loaders.h"
#include "sim/core/file_use.h"
#include "sim/format/hdf5_handle.h"

namespace rheobase {
namespace {

constexpr hsize_t max_samples = hsize_t{1} << 28;
constexpr std::uint64_t max_sample_values = std::uint64_t{1} << 28;
constexpr std::int64_t max_label = 1'000'000;

// A dataset of the root group and its shape.
struct Array {
  hdf5::Dataset dataset;
  std::vector<hsize_t> extents;
  H5T_class_t type = H5T_NO_CLASS;
  std::size_t value_bytes = 0;
};

Array open_array(hid_t file, const char* name) {
  Array array;
  array.dataset = hdf5::Dataset(H5Dopen2(file, name, H5P_DEFAULT), "open the dataset");
  const hdf5::Dataspace space(H5Dget_space(array.dataset.get()), "read a shape");
  array.extents.resize(hdf5::checked(H5Sget_simple_extent_ndims(space.get()), "read a rank"));
  hdf5::checked(H5Sget_simple_extent_dims(space.get(), array.extents.data(), nullptr), "read a shape");
  const hdf5::Datatype type(H5Dget_type(array.dataset.get()), "read a type");
  array.type = H5Tget_class(type.get());
  array.value_bytes = H5Tget_size(type.get());
  if (array.type == H5T_INTEGER && H5Tget_sign(type.get()) != H5T_SGN_NONE && std::string(name) == "images") {
    array.type = H5T_NO_CLASS;
  }
  return array;
}

std::vector<int> read_labels(const Array& array, std::vector<Fault>& faults) {
  if (array.type != H5T_INTEGER || array.extents.size() != 1) {
    faults.push_back({"labels", fmt::format("rank {}, expected integers of rank 1", array.extents.size())});
    return {};
  }
  const hsize_t count = array.extents[0];
  // Labels are not compressed a thousandfold: a file that claims so holds none.
  const bool stored = H5Dget_storage_size(array.dataset.get()) * 1032 >= count * array.value_bytes;
  if (count < 1 || count > max_samples || !stored) {
    faults.push_back({"labels", fmt::format("{} of them, which the file does not have", count)});
    return {};
  }
  std::vector<std::int64_t> wide(count);
  hdf5::checked(H5Dread(array.dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, wide.data()),
                "read the labels");
  const auto wrong = std::find_if(wide.begin(), wide.end(),
                                  [](std::int64_t label) { return label < 0 || label >= max_label; });
  if (wrong != wide.end()) {
    faults.push_back({"labels", fmt::format("record {} has label {}, expected 0 to {}", wrong - wide.begin(),
                                            *wrong, max_label - 1)});
    return {};
  }
  return {wide.begin(), wide.end()};
}

Shape sample_shape(const Array& array, std::vector<Fault>& faults) {
  const std::size_t rank = array.extents.size();
  const bool byte = array.type == H5T_INTEGER && array.value_bytes == 1;
  if (!byte && array.type != H5T_FLOAT) {
    faults.push_back({"images", "values are neither uint8 nor of a float type"});
    return {};
  }
  if (rank < 2 || rank > 4) {
    faults.push_back({"images", fmt::format("rank {}, expected [N, C, H, W], [N, H, W] or [N, D]", rank)});
    return {};
  }
  Shape shape(array.extents.begin() + 1, array.extents.end());
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

// Samples that stay in the file.
class Hdf5Images : public DataSet {
 public:
  Hdf5Images(DataInfo info, hdf5::File file, Array images)
      : DataSet(std::move(info)), file_(std::move(file)), images_(std::move(images)) {}

  ~Hdf5Images() override {
    const hdf5::Session session;
    images_.dataset.reset();
    file_.reset();
  }

  void read(std::int64_t index, std::span<float> pixels) const override {
    check_read(*this, index, pixels);
    try {
      read_sample(index, pixels);
    } catch (const hdf5::CallFailed& failure) {
      throw InputError(info().files.front(), fmt::format("images, sample {}", index), failure.what());
    }
    const auto wrong = std::find_if(pixels.begin(), pixels.end(), [](float x) { return !std::isfinite(x); });
    if (wrong != pixels.end()) {
      throw InputError(info().files.front(), fmt::format("images, sample {}", index),
                       fmt::format("pixel {} is {}", wrong - pixels.begin(), *wrong));
    }
  }

 private:
  void read_sample(std::int64_t index, std::span<float> pixels) const {
    const hdf5::Session session;
    std::vector<hsize_t> start(images_.extents.size(), 0);
    std::vector<hsize_t> count = images_.extents;
    start[0] = static_cast<hsize_t>(index);
    count[0] = 1;
    const hdf5::Dataspace sample(H5Dget_space(images_.dataset.get()), "choose a sample");
    hdf5::checked(
        H5Sselect_hyperslab(sample.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
        "choose a sample");
    const hdf5::Dataspace memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                                 "choose a sample");
    const auto read = [&](hid_t type, void* to) {
      hdf5::checked(H5Dread(images_.dataset.get(), type, memory.get(), sample.get(), H5P_DEFAULT, to),
                    "read a sample");
    };
    if (images_.type == H5T_FLOAT) return read(H5T_NATIVE_FLOAT, pixels.data());
    bytes_.resize(pixels.size());
    read(H5T_NATIVE_UINT8, bytes_.data());
    std::transform(bytes_.begin(), bytes_.end(), pixels.begin(), pixel_of);
  }

  hdf5::File file_;
  Array images_;
  mutable std::vector<std::uint8_t> bytes_;  // of the sample being read
};

}  // namespace

std::unique_ptr<DataSet> open_hdf5(DataInfo info, const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) throw InputError(file, "", "no such file");
  will_read(file);
  std::vector<Fault> faults;
  const hdf5::Session session;
  const auto open = [&](const char* name, const hdf5::File& from) -> std::optional<Array> {
    try {
      return open_array(from.get(), name);
    } catch (const hdf5::CallFailed& failure) {
      faults.push_back({name, failure.what()});
      return std::nullopt;
    }
  };
  try {
    hdf5::File opened(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open the file");
    auto images = open("images", opened);
    const auto labels = open("labels", opened);
    if (images) info.shape = sample_shape(*images, faults);
    if (labels) info.labels = read_labels(*labels, faults);
    if (faults.empty() && images->extents[0] != info.labels.size()) {
      faults.push_back({"", fmt::format("{} images, but {} labels", images->extents[0], info.labels.size())});
    }
    throw_if_any(file, faults);
    info.classes = *std::max_element(info.labels.begin(), info.labels.end()) + 1;
    info.files = {file};
    return std::make_unique<Hdf5Images>(std::move(info), std::move(opened), std::move(*images));
  } catch (const hdf5::CallFailed& failure) {
    throw InputError(file, "", failure.what());
  }
}

}  // namespace rheobase

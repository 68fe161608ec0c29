#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "experiments/data/byte_images.h"
#include "experiments/data/loaders.h"
#include "experiments/data/two_arrays.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"
#include "sim/hdf5/handle.h"

namespace rheobase {
namespace {

// A dataset of the root group and its shape.
struct Array {
  hdf5::Dataset dataset;
  std::vector<hsize_t> extents;
  H5T_class_t type = H5T_NO_CLASS;
  std::size_t value_bytes = 0;
};

// What would lead out of the file, as models may not either: empty where the values lie in it.
std::string way_out_of_file(hid_t file, const char* name) {
  H5L_info_t info;
  hdf5::checked(H5Lget_info(file, name, &info, H5P_DEFAULT), "look at a link");
  if (info.type != H5L_TYPE_HARD)
    return "is a link, which may lead out of the file: copy the dataset itself into it";
  const hdf5::Dataset dataset(H5Dopen2(file, name, H5P_DEFAULT), "open the dataset");
  const hdf5::PropertyList layout(H5Dget_create_plist(dataset.get()), "read a layout");
  if (H5Pget_layout(layout.get()) == H5D_VIRTUAL || H5Pget_external_count(layout.get()) != 0)
    return "keeps its values in other files: copy them into this one";
  return "";
}

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

// Nothing where the dataset is missing, out of the file or damaged, which is then a fault.
std::optional<Array> try_open(hid_t file, const char* name, std::vector<Fault>& faults) {
  std::string what;
  try {
    if (hdf5::checked(H5Lexists(file, name, H5P_DEFAULT), "look for a dataset") == 0) {
      what = "is missing: a file of samples has the datasets images and labels";
    } else {
      what = way_out_of_file(file, name);
    }
    if (what.empty()) return open_array(file, name);
  } catch (const hdf5::CallFailed& failure) {
    what = failure.what();
  }
  faults.push_back({name, what});
  return std::nullopt;
}

// That labels can be read: integers of rank 1, as many as the file has room for.
bool check_label_array(const Array& array, std::vector<Fault>& faults) {
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

std::vector<int> read_labels(const Array& array, std::vector<Fault>& faults) {
  if (!check_label_array(array, faults)) return {};
  const hsize_t count = array.extents[0];
  std::vector<std::int64_t> wide(count);
  hdf5::checked(H5Dread(array.dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, wide.data()),
                "read the labels");
  return as_labels(wide, faults);
}

// Before the labels are read, which may claim to be many: whether there are as many images, of which
// something is in the file.
bool counts_agree(const Array& images, const Array& labels, std::vector<Fault>& faults) {
  if (images.extents.empty() || labels.extents.size() != 1) return false;  // a fault of their own
  if (images.extents[0] != labels.extents[0]) {
    faults.push_back({"", fmt::format("{} images, but {} labels", images.extents[0], labels.extents[0])});
    return false;
  }
  if (images.extents[0] == 0 || H5Dget_storage_size(images.dataset.get()) > 0) return true;
  faults.push_back({"images", fmt::format("{} of them, of which the file holds nothing", images.extents[0])});
  return false;
}

Shape shape_of_samples(const Array& array, std::vector<Fault>& faults) {
  const bool byte = array.type == H5T_INTEGER && array.value_bytes == 1;
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
  Hdf5Images(DataInfo info, hdf5::File file, Array images)
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
    std::vector<hsize_t> start(images_.extents.size(), 0);
    std::vector<hsize_t> count = images_.extents;
    start[0] = static_cast<hsize_t>(first);
    count[0] = static_cast<hsize_t>(samples);
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
    auto images = try_open(opened.get(), "images", faults);
    const auto labels = try_open(opened.get(), "labels", faults);
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

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "experiments/data/data_set.h"
#include "experiments/data/loaders.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

constexpr const char* supported =
    "cifar10:DIR cifar100:DIR mnist:DIR fashion-mnist[:DIR] images:DIR hdf5:FILE npz:FILE "
    "nmnist:DIR events:DIR";

// Where Debian's package dataset-fashion-mnist puts it.
constexpr const char* debian_fashion_mnist = "/usr/share/datasets/fashion-mnist";

std::unique_ptr<DataSet> open_mnist(DataInfo info, const std::string& folder) {
  info.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return open_idx(std::move(info), folder);
}

std::unique_ptr<DataSet> open_fashion_mnist(DataInfo info, const std::string& folder) {
  info.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  if (!folder.empty()) return open_idx(std::move(info), folder);
  std::error_code ignored;
  if (!std::filesystem::is_directory(debian_fashion_mnist, ignored)) {
    throw InputError(info.spec, debian_fashion_mnist,
                     "no such folder; install the package dataset-fashion-mnist or give fashion-mnist:DIR");
  }
  return open_idx(std::move(info), debian_fashion_mnist);
}

struct Kind {
  const char* name;
  bool needs_place;
  std::function<std::unique_ptr<DataSet>(DataInfo, const std::string& place)> open;
};

const std::array<Kind, 9>& kinds() {
  static const std::array<Kind, 9> table{
      {{"cifar10", true,
        [](DataInfo info, const std::string& place) { return open_cifar(std::move(info), place, 10); }},
       {"cifar100", true,
        [](DataInfo info, const std::string& place) { return open_cifar(std::move(info), place, 100); }},
       {"mnist", true, open_mnist},
       {"fashion-mnist", false, open_fashion_mnist},
       {"images", true, open_images},
       {"hdf5", true, open_hdf5},
       {"npz", true, open_npz},
       {"nmnist", true, open_nmnist},
       {"events", true, open_events}}};
  return table;
}

}  // namespace

std::string data_sha256(const DataInfo& info) {
  std::string digests;
  for (const std::string& file : info.files) digests += sha256_of_file(file);
  return sha256(digests);
}

void ImageSet::read_block(std::int64_t first, std::int64_t count, std::span<float> pixels) const {
  const std::int64_t values = element_count(shape());
  for (std::int64_t i = 0; i < count; ++i) read(first + i, pixels.subspan(i * values, values));
}

void ImageSet::fetch(std::int64_t index, Sample& sample) const {
  sample = {};
  sample.pixels.resize(static_cast<std::size_t>(element_count(shape())));
  read(index, sample.pixels);
}

std::string default_coding(const std::string& spec) {
  const std::string name = spec.substr(0, spec.find(':'));
  return name == "nmnist" || name == "events" ? "events" : "direct";
}

std::unique_ptr<ImageSet> open_image_set(const std::string& spec, const std::string& split) {
  std::unique_ptr<DataSet> data = open_data(spec, split);
  if (data->info().events)
    throw InputError(spec, "", "holds a camera's events, where images are needed: give another data set");
  return std::unique_ptr<ImageSet>(dynamic_cast<ImageSet*>(data.release()));
}

std::unique_ptr<DataSet> open_data(const std::string& spec, const std::string& split) {
  if (split != "train" && split != "test")
    throw InputError(spec, "split '" + split + "'", "expected train or test");
  const std::size_t colon = spec.find(':');
  const std::string name = spec.substr(0, colon);
  const std::string place = colon == std::string::npos ? "" : spec.substr(colon + 1);
  const auto kind =
      std::find_if(kinds().begin(), kinds().end(), [&](const Kind& k) { return name == k.name; });
  if (kind == kinds().end()) {
    throw InputError(spec, "unknown data set '" + name + "'", std::string("known: ") + supported);
  }
  if (place.empty() && kind->needs_place)
    throw InputError(spec, "no folder or file given", std::string("known: ") + supported);
  DataInfo info;
  info.spec = spec;
  info.split = split;
  return kind->open(std::move(info), place);
}

}  // namespace rheobase

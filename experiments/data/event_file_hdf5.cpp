#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiments/data/event_columns.h"
#include "experiments/data/event_formats.h"
#include "experiments/data/hdf5_array.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr const char* if_missing =
    "is missing: a recording has the datasets x, y, t and p, at its root or in a group events";
constexpr hsize_t max_chunk_bytes = hsize_t{1} << 26;
// Deflate makes of a byte at most 1032.
constexpr hsize_t most_unpacked = 1032;

// A group of x, y, t and p is the root, or `events` where the root has no x.
hdf5::Group columns_of(hid_t file, std::vector<Fault>& faults) {
  hdf5::Group root(H5Gopen2(file, "/", H5P_DEFAULT), "open the root");
  const auto has = [&](const char* name) {
    return hdf5::checked(H5Lexists(root.get(), name, H5P_DEFAULT), "look for a dataset") != 0;
  };
  if (has("x") || !has("events")) return root;
  if (is_hdf5_hard_link(root.get(), "events"))
    return {H5Gopen2(root.get(), "events", H5P_DEFAULT), "open the group events"};
  faults.push_back({"events", "is a link, which may lead out of the file: copy the group itself into it"});
  return root;
}

// Why the values cannot be unpacked; empty where they can.
std::string missing_filter(hid_t layout) {
  for (int i = 0; i < H5Pget_nfilters(layout); ++i) {
    std::array<char, 64> filter{};
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t id = H5Pget_filter2(layout, static_cast<unsigned>(i), &flags, &values, nullptr,
                                           filter.size() - 1, filter.data(), &config);
    if (H5Zfilter_avail(id) <= 0)
      return fmt::format(
          "is compressed by filter {} ({}), which this libhdf5 does not have: copy the file by h5repack -f "
          "GZIP=1 where it does",
          static_cast<int>(id), filter.data());
  }
  return "";
}

// The same; opens the dataset again with room for one chunk, which several reads share.
std::string unreadable_chunks(Hdf5Array& array, hid_t group, const char* name) {
  const hdf5::PropertyList layout(H5Dget_create_plist(array.dataset.get()), "read a layout");
  std::string missing = missing_filter(layout.get());
  if (!missing.empty() || H5Pget_layout(layout.get()) != H5D_CHUNKED) return missing;
  hsize_t chunk = 0;
  hdf5::checked(H5Pget_chunk(layout.get(), 1, &chunk), "read a layout");
  const hsize_t most = max_chunk_bytes / array.value_bytes;
  if (chunk > most)
    return fmt::format(
        "lies in chunks of {} values, at most {} are read: copy the file by h5repack -l CHUNK=65536", chunk,
        most);
  constexpr std::size_t slots = 521, least = 1 << 20;  // libhdf5's own
  const hdf5::PropertyList access(H5Pcreate(H5P_DATASET_ACCESS), "create properties");
  hdf5::checked(
      H5Pset_chunk_cache(access.get(), slots, std::max<std::size_t>(chunk * array.value_bytes, least), 1.0),
      "set a cache");
  array.dataset.reset();  // an open one keeps the cache that it has
  array.dataset = hdf5::Dataset(H5Dopen2(group, name, access.get()), "open the dataset");
  return "";
}

// That the array is a list of the numbers that the column may have, and in the file.
void check_column(Hdf5Array& array, hid_t group, const char* name, std::vector<Fault>& faults) {
  const std::string column = name;
  const auto fault = [&](const std::string& what) { faults.push_back({column, what}); };
  const bool whole = array.type == H5T_INTEGER || (column == "p" && array.type == H5T_ENUM);  // h5py's bool
  if (!whole && !(column == "t" && array.type == H5T_FLOAT))
    return fault(fmt::format("values of another type, expected integers{}: save it by astype('int64')",
                             column == "t" ? " in us or real numbers in s" : ""));
  if (array.extents.size() != 1)
    return fault(fmt::format("rank {}, expected a list of rank 1", array.extents.size()));
  const std::string unreadable = unreadable_chunks(array, group, name);
  if (!unreadable.empty()) return fault(unreadable);
  const hsize_t stored = H5Dget_storage_size(array.dataset.get());
  if (array.extents[0] / most_unpacked > stored / array.value_bytes + 1)
    fault(fmt::format("{} values, which the file does not have", array.extents[0]));
}

using Arrays = std::vector<Hdf5Array>;  // x, y, t, p

class Hdf5Events : public EventColumns {
 public:
  Hdf5Events(const std::string& path, hdf5::File file, Arrays arrays)
      : EventColumns(path, arrays.front().extents[0], arrays[2].type == H5T_FLOAT),
        file_(std::move(file)),
        arrays_(std::move(arrays)) {}

  ~Hdf5Events() override {
    const hdf5::Session session;
    arrays_.clear();
    file_.reset();
  }

 private:
  void read_values(Column column, std::uint64_t first, std::uint64_t count, hid_t type, void* to) {
    const auto index = static_cast<std::size_t>(column);
    const hdf5::Session session;
    try {
      read_hdf5_rows(arrays_[index], first, count, type, to);
    } catch (const hdf5::CallFailed& failure) {
      throw InputError(path(), names[index], failure.what());
    }
  }

  void read_column(Column column, std::uint64_t first, std::span<std::int64_t> values) override {
    read_values(column, first, values.size(), H5T_NATIVE_INT64, values.data());
  }

  void read_seconds(std::uint64_t first, std::span<double> values) override {
    read_values(Column::t, first, values.size(), H5T_NATIVE_DOUBLE, values.data());
  }

  hdf5::File file_;
  Arrays arrays_;
};

Arrays open_columns(const std::string& path, hid_t file) {
  std::vector<Fault> faults;
  const hdf5::Group group = columns_of(file, faults);
  throw_if_any(path, faults);
  Arrays arrays;
  for (const char* const name : EventColumns::names) {
    auto array = open_hdf5_array(group.get(), name, if_missing, faults);
    if (!array) continue;
    check_column(*array, group.get(), name, faults);
    arrays.push_back(std::move(*array));
  }
  throw_if_any(path, faults);
  for (std::size_t i = 1; i < arrays.size(); ++i) {
    if (arrays[i].extents == arrays[0].extents) continue;
    faults.push_back({EventColumns::names[i], fmt::format("has {} values, but x has {}", arrays[i].extents[0],
                                                          arrays[0].extents[0])});
  }
  throw_if_any(path, faults);
  return arrays;
}

}  // namespace

std::unique_ptr<EventFile> open_hdf5_events(const std::string& path) {
  regular_file_size(path);
  will_read(path);
  const hdf5::Session session;
  try {
    hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open the file");
    Arrays arrays = open_columns(path, file.get());
    return std::make_unique<Hdf5Events>(path, std::move(file), std::move(arrays));
  } catch (const hdf5::CallFailed& failure) {
    throw InputError(path, "", failure.what());
  }
}

}  // namespace rheobase

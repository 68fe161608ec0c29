#include <fmt/format.h>

#include <algorithm>

#include "experiments/data/event_columns.h"
#include "experiments/data/event_formats.h"
#include "experiments/data/npz_array.h"

namespace rheobase {
namespace {

constexpr const char* way_out = "numpy.savez(FILE, x=..., y=..., t=..., p=...)";

bool is_real(const NpyHeader& header) {
  return header.kind == 'f' && (header.value_bytes == 4 || header.value_bytes == 8);
}

bool is_whole(const NpyHeader& header) {
  return (header.kind == 'i' || header.kind == 'u') && header.value_bytes >= 1 && header.value_bytes <= 8;
}

// A list of numbers of the kind that the column may have.
void check_column(const std::string& name, const NpyHeader& header, std::vector<Fault>& faults) {
  const auto fault = [&](const std::string& what) { faults.push_back({name, what}); };
  const bool is_bool = header.kind == 'b' && header.value_bytes == 1;
  if (!is_whole(header) && !(name == "t" && is_real(header)) && !(name == "p" && is_bool))
    fault(fmt::format("values of type {}{}, expected integers{}: save it by astype('int64')", header.kind,
                      header.value_bytes, name == "t" ? " in us or real numbers in s" : ""));
  if (header.extents.size() != 1)
    fault(fmt::format("rank {}, expected a list of rank 1", header.extents.size()));
}

// Arrays stay in the file; a deflated one is unpacked as it is read.
class NpzEvents : public EventColumns {
 public:
  NpzEvents(const std::string& path, std::unique_ptr<ZipArchive> archive, std::vector<NpzArray> arrays)
      : EventColumns(path, arrays.front().header.extents[0], is_real(arrays[2].header)),
        archive_(std::move(archive)),
        arrays_(std::move(arrays)) {}

 private:
  std::span<const std::uint8_t> next_bytes(NpzArray& array, std::size_t values) {
    bytes_.resize(values * array.header.value_bytes);
    array.member.read(bytes_);
    return bytes_;
  }

  void read_column(Column column, std::uint64_t, std::span<std::int64_t> values) override {
    NpzArray& array = arrays_[static_cast<std::size_t>(column)];
    const auto bytes = next_bytes(array, values.size());
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = npy_integer(array.header, bytes, k);
  }

  void read_seconds(std::uint64_t, std::span<double> values) override {
    NpzArray& array = arrays_[static_cast<std::size_t>(Column::t)];
    const auto bytes = next_bytes(array, values.size());
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = npy_double(array.header, bytes, k);
  }

  // With the checksums.
  void finish() override {
    for (NpzArray& array : arrays_) array.member.expect_end();
  }

  std::unique_ptr<ZipArchive> archive_;
  std::vector<NpzArray> arrays_;  // x, y, t, p
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

std::unique_ptr<EventFile> open_npz_events(const std::string& path) {
  auto archive = std::make_unique<ZipArchive>(path);
  std::vector<NpzArray> arrays;
  std::vector<Fault> faults;
  for (const char* const name : EventColumns::names) {
    auto array = open_npz_array(*archive, name, way_out, faults);
    if (!array) continue;
    check_column(name, array->header, faults);
    arrays.push_back(std::move(*array));
  }
  throw_if_any(path, faults);
  for (std::size_t i = 1; i < arrays.size(); ++i) {
    if (arrays[i].header.extents == arrays[0].header.extents) continue;
    faults.push_back(
        {EventColumns::names[i], fmt::format("has {} values, but x has {}", arrays[i].header.extents[0],
                                             arrays[0].header.extents[0])});
  }
  throw_if_any(path, faults);
  return std::make_unique<NpzEvents>(path, std::move(archive), std::move(arrays));
}

}  // namespace rheobase

#include "converters/nir/file/value_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rheobase::nir {
namespace {

using hdf5::checked;

// How many bytes deflate makes of one at most.
constexpr std::uint64_t deflate_expansion = 1032;
constexpr std::uint64_t most_values = std::uint64_t{1} << 32;

// Rank 0 or more; nothing for a null space.
std::optional<std::vector<hsize_t>> extents_of(hid_t dataset) {
  const hdf5::Dataspace space(H5Dget_space(dataset), "read a shape");
  const H5S_class_t kind = H5Sget_simple_extent_type(space.get());
  if (kind != H5S_SCALAR && kind != H5S_SIMPLE) return std::nullopt;
  std::vector<hsize_t> extents(checked(H5Sget_simple_extent_ndims(space.get()), "read a rank"));
  checked(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), "read a shape");
  return extents;
}

std::size_t count_of(const Shape& shape) { return static_cast<std::size_t>(element_count(shape)); }

template <class T>
std::vector<T> numbers(hid_t dataset, hid_t memory, const Shape& shape) {
  std::vector<T> values(count_of(shape));
  if (!values.empty())
    checked(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "read a dataset");
  return values;
}

std::vector<std::string> fixed_length(hid_t dataset, hid_t type, std::size_t count) {
  const std::size_t length = H5Tget_size(type);
  const hdf5::Datatype memory(H5Tcopy(type), "make a type");
  std::vector<char> block(std::max<std::size_t>(count * length, 1));
  if (count > 0)
    checked(H5Dread(dataset, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()), "read a dataset");
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text(block.data() + i * length, length);
    text.resize(std::min(text.find('\0'), text.size()));
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) text.resize(text.find_last_not_of(' ') + 1);
    result.push_back(std::move(text));
  }
  return result;
}

}  // namespace

std::nullopt_t ValueReader::fault(const std::string& where, const std::string& what) {
  faults_.push_back({where, what});
  return std::nullopt;
}

bool ValueReader::sound_filters(const hdf5::Place& place, hid_t layout) {
  const int count = checked(H5Pget_nfilters(layout), "read the filters");
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    char name[64] = {};
    const H5Z_filter_t filter = checked(H5Pget_filter2(layout, static_cast<unsigned>(i), &flags, &values,
                                                       nullptr, sizeof name, name, &config),
                                        "read a filter");
    if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32)
      continue;
    fault(place.path, fmt::format("is compressed with '{}' (filter {}), and only deflate can be read: "
                                  "'h5repack -f GZIP=4 IN OUT' makes that of it",
                                  name, filter));
    return false;
  }
  return true;
}

// libhdf5 holds one chunk at a time, however little of it the dataset fills.
bool ValueReader::sound_chunks(const hdf5::Place& place, hid_t layout, std::uint64_t bytes) {
  constexpr std::uint64_t small = std::uint64_t{1} << 20;
  std::vector<hsize_t> extents(H5S_MAX_RANK);
  const int rank = checked(H5Pget_chunk(layout, H5S_MAX_RANK, extents.data()), "read a layout");
  const hdf5::Datatype type(H5Dget_type(place.id), "read a type");
  std::uint64_t chunk = std::max<std::size_t>(H5Tget_size(type.get()), 1);
  for (int axis = 0; axis < rank; ++axis) {
    if (extents[axis] == 0 || chunk > std::max(bytes, small) / extents[axis]) {
      fault(place.path, "is stored in chunks that are larger than itself");
      return false;
    }
    chunk *= extents[axis];
  }
  return sound_filters(place, layout);
}

std::optional<Shape> ValueReader::contents(const hdf5::Place& place, std::uint64_t element_bytes) {
  const auto extents = extents_of(place.id);
  if (!extents) return fault(place.path, "has no values");
  std::uint64_t count = 1;
  for (const hsize_t extent : *extents) {
    if (extent != 0 && count > most_values / extent) return fault(place.path, "is too large");
    count *= extent;
  }
  const hdf5::PropertyList layout(H5Dget_create_plist(place.id), "read a layout");
  const H5D_layout_t kind = H5Pget_layout(layout.get());
  const bool known = kind == H5D_CONTIGUOUS || kind == H5D_CHUNKED || kind == H5D_COMPACT;
  if (!known || H5Pget_external_count(layout.get()) > 0)
    return fault(place.path, "is not stored inside the file");
  if (element_bytes == 0 || count > (std::uint64_t{1} << 40) / element_bytes)
    return fault(place.path, "is too large");
  const std::uint64_t bytes = count * element_bytes;
  if (kind == H5D_CHUNKED && !sound_chunks(place, layout.get(), bytes)) return std::nullopt;
  const bool compressible = kind == H5D_CHUNKED;
  const auto deflated = [](std::uint64_t size) { return (size + deflate_expansion - 1) / deflate_expansion; };
  const std::uint64_t least = compressible ? deflated(bytes) : bytes;
  // In memory a number takes 8 bytes.
  const std::uint64_t cost = compressible ? deflated(std::max(bytes, count * 8)) : bytes;
  if (H5Dget_storage_size(place.id) < least || cost > left_)
    return fault(place.path, fmt::format("claims {} values, which the file does not have", count));
  left_ -= cost;
  return Shape(extents->begin(), extents->end());
}

std::optional<Value> ValueReader::texts(const hdf5::Place& place, hid_t type, Shape shape) {
  const std::size_t count = count_of(shape);
  if (checked(H5Tis_variable_str(type), "read a type") == 0)
    return Value{std::move(shape), fixed_length(place.id, type, count)};
  std::vector<std::string> result;
  const haddr_t first = count == 0 ? 0 : H5Dget_offset(place.id);
  if (first == HADDR_UNDEF)
    return fault(place.path,
                 "holds texts of variable length in chunks or inside its header, and can be read "
                 "where they are contiguous: 'h5repack -l CONTI IN OUT' makes that of it");
  for (std::size_t i = 0; i < count; ++i) {
    auto text = heap_.text(first + i * TextHeap::reference_bytes);
    if (!text) return fault(place.path, fmt::format("has a text at index {} that the file does not hold", i));
    result.push_back(*std::move(text));
  }
  return Value{std::move(shape), std::move(result)};
}

std::optional<Value> ValueReader::read(const hdf5::Place& place) {
  const hdf5::Datatype type(H5Dget_type(place.id), "read a type");
  auto shape = contents(place, H5Tget_size(type.get()));
  if (!shape) return std::nullopt;
  switch (H5Tget_class(type.get())) {
    case H5T_STRING:
      return texts(place, type.get(), *std::move(shape));
    case H5T_INTEGER: {
      auto values = numbers<std::int64_t>(place.id, H5T_NATIVE_INT64, *shape);
      return Value{*std::move(shape), std::move(values)};
    }
    case H5T_FLOAT: {
      auto values = numbers<double>(place.id, H5T_NATIVE_DOUBLE, *shape);
      const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
      if (bad != values.end())
        return fault(place.path, fmt::format("has the value {} at index {}", *bad, bad - values.begin()));
      return Value{*std::move(shape), std::move(values)};
    }
    default:
      return fault(place.path, "has values that are neither numbers nor texts");
  }
}

std::optional<Value> ValueReader::value(const hdf5::Place& group, const std::string& name) {
  const std::string where = group.child(name);
  try {
    H5L_info_t link;
    if (checked(H5Lexists(group.id, name.c_str(), H5P_DEFAULT), "look for an entry") == 0)
      return fault(where, "is missing");
    checked(H5Lget_info(group.id, name.c_str(), &link, H5P_DEFAULT), "look at a link");
    if (link.type != H5L_TYPE_HARD) return fault(where, "is a link to somewhere else, expected a dataset");
    const hdf5::Dataset dataset(H5Dopen2(group.id, name.c_str(), H5P_DEFAULT), "open a dataset");
    return read({dataset.get(), where});
  } catch (const hdf5::CallFailed& failure) {
    return fault(where, failure.what());
  }
}

}  // namespace rheobase::nir

#include "sim/hdf5/entry_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <type_traits>

namespace rheobase::hdf5 {
namespace {

// Rank 0 or more; nothing for a null space.
std::optional<std::vector<hsize_t>> extents_of(hid_t space) {
  const H5S_class_t kind = H5Sget_simple_extent_type(space);
  if (kind != H5S_SCALAR && kind != H5S_SIMPLE) return std::nullopt;
  std::vector<hsize_t> extents(checked(H5Sget_simple_extent_ndims(space), "read a rank"));
  checked(H5Sget_simple_extent_dims(space, extents.data(), nullptr), "read a shape");
  return extents;
}

std::string without_padding(std::string text) {
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

template <class T>
std::vector<T> read_attribute(hid_t attribute, hid_t type, std::size_t count) {
  std::vector<T> values(std::max<std::size_t>(count, 1));
  checked(H5Aread(attribute, type, values.data()), "read an attribute");
  values.resize(count);
  return values;
}

std::vector<std::string> read_texts(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t length = H5Tget_size(type);
  const auto block = read_attribute<char>(attribute, type, count * length);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back(without_padding(std::string(block.data() + i * length, length)));
  }
  return texts;
}

bool is_text(hid_t type) {
  return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
         H5Tget_strpad(type) == H5T_STR_NULLPAD;
}

// Nothing where the type is none of ours.
std::optional<Entry> read_entry(hid_t attribute, hid_t type, bool list, std::size_t count) {
  if (H5Tequal(type, H5T_STD_I64LE) > 0) {
    auto values = read_attribute<std::int64_t>(attribute, H5T_NATIVE_INT64, count);
    return list ? Entry(std::move(values)) : Entry(values[0]);
  }
  if (H5Tequal(type, H5T_IEEE_F64LE) > 0) {
    auto values = read_attribute<double>(attribute, H5T_NATIVE_DOUBLE, count);
    return list ? Entry(std::move(values)) : Entry(values[0]);
  }
  if (is_text(type)) {
    auto texts = read_texts(attribute, type, count);
    return list ? Entry(std::move(texts)) : Entry(std::move(texts[0]));
  }
  return std::nullopt;
}

bool storable(const Entry& entry) {
  if (const auto* const text = std::get_if<std::string>(&entry)) return storable_text(*text);
  const auto* const texts = std::get_if<std::vector<std::string>>(&entry);
  return texts == nullptr || std::all_of(texts->begin(), texts->end(), storable_text);
}

template <class T>
bool holds(hid_t dataset) {
  const Datatype type(H5Dget_type(dataset), "read a type");
  return H5Tequal(type.get(), Stored<T>::in_file()) > 0;
}

template <class T>
std::vector<T> read_dataset(hid_t dataset, const Shape& shape) {
  std::vector<T> values(element_count(shape));
  if (!values.empty()) {
    checked(H5Dread(dataset, Stored<T>::in_memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
            "read a dataset");
  }
  return values;
}

}  // namespace

std::nullopt_t EntryReader::fault(const std::string& where, const std::string& what) {
  faults_.push_back({where, what});
  return std::nullopt;
}

// Runs `read`; a failed call is a fault of the file and gives an empty result.
template <class Read>
auto EntryReader::guarded(const std::string& where, const Read& read) -> decltype(read()) {
  try {
    return read();
  } catch (const CallFailed& failure) {
    fault(where, failure.what());
    return {};
  }
}

bool EntryReader::spend(std::uint64_t count, std::uint64_t size, std::uint64_t expansion) {
  if (size == 0 || count > std::numeric_limits<std::uint64_t>::max() / size) return false;
  // Rounded up: a dataset that is not empty costs at least a byte.
  const std::uint64_t cost = (count * size + expansion - 1) / expansion;
  if (cost > left_) return false;
  left_ -= cost;
  return true;
}

std::vector<std::string> EntryReader::attribute_names(const Place& place) {
  return guarded(place.path, [&] {
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    checked(H5Aiterate2(place.id, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), "list attributes");
    return names;
  });
}

std::vector<std::string> EntryReader::member_names(const Place& group) {
  return guarded(group.path, [&] {
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    checked(H5Literate(group.id, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), "list a group");
    return names;
  });
}

bool EntryReader::has_attribute(const Place& place, const std::string& name) {
  const auto names = attribute_names(place);
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool EntryReader::has_member(const Place& group, const std::string& name) {
  const auto names = member_names(group);
  return std::find(names.begin(), names.end(), name) != names.end();
}

void EntryReader::refuse_others(const Place& place, const std::set<std::string>& attributes,
                                const std::set<std::string>& members) {
  for (const std::string& name : attribute_names(place)) {
    if (!attributes.contains(name)) fault(place.child(name), "unknown attribute");
  }
  for (const std::string& name : member_names(place)) {
    if (!members.contains(name)) fault(place.child(name), "unknown entry");
  }
}

bool EntryReader::is_hard_link(const Place& parent, const std::string& name) {
  const std::string where = parent.child(name);
  if (checked(H5Lexists(parent.id, name.c_str(), H5P_DEFAULT), "look for an entry") == 0) {
    fault(where, "is missing");
    return false;
  }
  H5L_info_t info;
  checked(H5Lget_info(parent.id, name.c_str(), &info, H5P_DEFAULT), "look at a link");
  if (info.type == H5L_TYPE_HARD) return true;
  fault(where, "is a link to somewhere else, expected a group or a dataset");
  return false;
}

std::optional<Group> EntryReader::group(const Place& parent, const std::string& name) {
  const std::string where = parent.child(name);
  return guarded(where, [&]() -> std::optional<Group> {
    if (!is_hard_link(parent, name)) return std::nullopt;
    return Group(H5Gopen2(parent.id, name.c_str(), H5P_DEFAULT), "open a group");
  });
}

std::optional<Dataset> EntryReader::dataset(const Place& group, const std::string& name) {
  if (!is_hard_link(group, name)) return std::nullopt;
  return Dataset(H5Dopen2(group.id, name.c_str(), H5P_DEFAULT), "open a dataset");
}

std::optional<Entry> EntryReader::entry(const Place& place, const std::string& name) {
  const std::string where = place.child(name);
  return guarded(where, [&]() -> std::optional<Entry> {
    if (checked(H5Aexists(place.id, name.c_str()), "look for an attribute") == 0)
      return fault(where, "is missing");
    const AttributeHandle attribute(H5Aopen(place.id, name.c_str(), H5P_DEFAULT), "open an attribute");
    const Datatype type(H5Aget_type(attribute.get()), "read a type");
    const Dataspace space(H5Aget_space(attribute.get()), "read a shape");
    const auto extents = extents_of(space.get());
    if (!extents || extents->size() > 1) return fault(where, "is neither a scalar nor a list");
    const hsize_t count = extents->empty() ? 1 : extents->front();
    if (!spend(count, H5Tget_size(type.get()))) return fault(where, "claims more bytes than the file has");
    auto value = read_entry(attribute.get(), type.get(), !extents->empty(), count);
    if (!value) return fault(where, "has a type that no entry has (docs/reference/model-file.md)");
    if (!storable(*value)) return fault(where, "is a text with a NUL character");
    return value;
  });
}

// The shape of a dataset of this type whose contents lie in the file.
std::optional<Shape> EntryReader::contents_shape(const Place& place, hid_t type, std::uint64_t expansion) {
  const Datatype found(H5Dget_type(place.id), "read a type");
  if (H5Tequal(found.get(), type) <= 0) return fault(place.path, "has values of another type than it should");
  const Dataspace space(H5Dget_space(place.id), "read a shape");
  const auto extents = extents_of(space.get());
  if (!extents) return fault(place.path, "has no shape");
  const PropertyList layout(H5Dget_create_plist(place.id), "read a layout");
  const H5D_layout_t kind = H5Pget_layout(layout.get());
  const bool compressible = expansion > 1 && kind == H5D_CHUNKED;
  if ((kind != H5D_CONTIGUOUS && !compressible) || H5Pget_external_count(layout.get()) != 0) {
    return fault(place.path, "is not stored in one piece inside the file");
  }
  std::uint64_t count = 1;
  for (const hsize_t extent : *extents) {
    if (extent != 0 && count > (std::uint64_t{1} << 40) / extent) return fault(place.path, "is too large");
    count *= extent;
  }
  const std::uint64_t size = H5Tget_size(type);
  const std::uint64_t stored = H5Dget_storage_size(place.id);
  const bool whole = compressible ? stored > 0 || count == 0 : stored == count * size;
  if (!whole || !spend(count, size, expansion)) {
    return fault(place.path, fmt::format("claims {} values, which the file does not have", count));
  }
  return Shape(extents->begin(), extents->end());
}

// As `Held`, which has all values of the type in the file.
template <class T, class Held>
std::optional<Tensor> EntryReader::tensor_of(const Place& place) {
  auto shape = contents_shape(place, Stored<T>::in_file(), 1);
  if (!shape) return std::nullopt;
  std::vector<T> values = read_dataset<T>(place.id, *shape);
  if constexpr (std::is_same_v<T, Held>) return Tensor(std::move(*shape), std::move(values));
  return Tensor(std::move(*shape), std::vector<Held>(values.begin(), values.end()));
}

std::optional<Tensor> EntryReader::tensor_of_bits(const Place& place) {
  const auto bytes = contents_shape(place, H5T_STD_B8LE, 1);
  const auto shape = attribute<std::vector<std::int64_t>>(place, "shape");
  if (!bytes || !shape) return std::nullopt;
  std::uint64_t count = 1;
  for (const std::int64_t extent : *shape) {
    if (extent < 0 || (extent != 0 && count > (std::uint64_t{1} << 40) / static_cast<std::uint64_t>(extent)))
      return fault(place.path, fmt::format("has an extent of {}", extent));
    count *= static_cast<std::uint64_t>(extent);
  }
  if (*bytes != Shape{static_cast<std::int64_t>((count + 7) / 8)})
    return fault(place.path, fmt::format("has {} bytes for {} bits", element_count(*bytes), count));
  std::vector<std::uint8_t> packed((count + 7) / 8);
  if (count > 0) {
    checked(H5Dread(place.id, H5T_NATIVE_B8, H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()), "read a dataset");
  }
  if (count % 8 != 0 && packed.back() >> count % 8 != 0)
    return fault(place.path, "has bits beyond its last value");
  return Tensor(*shape, Signs(count, std::move(packed)));
}

std::optional<Tensor> EntryReader::tensor(const Place& group, const std::string& name) {
  const std::string where = group.child(name);
  return guarded(where, [&]() -> std::optional<Tensor> {
    const auto found = dataset(group, name);
    if (!found) return std::nullopt;
    const Place place{found->get(), where};
    const Datatype type(H5Dget_type(place.id), "read a type");
    if (H5Tequal(type.get(), H5T_STD_B8LE) > 0) return tensor_of_bits(place);
    if (holds<std::int8_t>(place.id)) return tensor_of<std::int8_t, std::int8_t>(place);
    if (holds<std::int16_t>(place.id)) return tensor_of<std::int16_t, std::int32_t>(place);
    if (holds<std::int32_t>(place.id)) return tensor_of<std::int32_t, std::int32_t>(place);
    return tensor_of<float, float>(place);
  });
}

template <class T>
std::vector<T> EntryReader::values(const Place& group, const std::string& name, const Shape& shape,
                                   std::uint64_t expansion) {
  const std::string where = group.child(name);
  return guarded(where, [&]() -> std::vector<T> {
    const auto found = dataset(group, name);
    if (!found) return {};
    const auto actual = contents_shape({found->get(), where}, Stored<T>::in_file(), expansion);
    if (!actual) return {};
    if (*actual != shape) {
      fault(where, fmt::format("has shape {}, expected {}", to_string(*actual), to_string(shape)));
      return {};
    }
    return read_dataset<T>(found->get(), shape);
  });
}

template std::vector<float> EntryReader::values(const Place&, const std::string&, const Shape&,
                                                std::uint64_t);
template std::vector<std::int64_t> EntryReader::values(const Place&, const std::string&, const Shape&,
                                                       std::uint64_t);
template std::vector<std::uint64_t> EntryReader::values(const Place&, const std::string&, const Shape&,
                                                        std::uint64_t);
template std::vector<std::uint8_t> EntryReader::values(const Place&, const std::string&, const Shape&,
                                                       std::uint64_t);

}  // namespace rheobase::hdf5

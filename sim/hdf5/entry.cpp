#include "sim/hdf5/entry.h"

#include <algorithm>

namespace rheobase::hdf5 {
namespace {

Dataspace simple_space(const std::vector<hsize_t>& extents) {
  return {H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), "describe a shape"};
}

Dataspace space_of(const Shape& shape) {
  if (shape.empty()) return {H5Screate(H5S_SCALAR), "describe a shape"};
  return simple_space({shape.begin(), shape.end()});
}

Datatype string_type(std::size_t length) {
  Datatype type(H5Tcopy(H5T_C_S1), "describe a string");
  checked(H5Tset_size(type.get(), std::max<std::size_t>(length, 1)), "describe a string");
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "describe a string");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "describe a string");
  return type;
}

// Strings of equal length, one behind the other.
struct TextBlock {
  explicit TextBlock(const std::vector<std::string>& values)
      : length(longest(values)),
        type(string_type(length)),
        bytes(std::max<std::size_t>(values.size(), 1) * length, '\0') {
    for (std::size_t i = 0; i < values.size(); ++i) bytes.replace(i * length, values[i].size(), values[i]);
  }

  static std::size_t longest(const std::vector<std::string>& values) {
    std::size_t length = 1;
    for (const std::string& value : values) length = std::max(length, value.size());
    return length;
  }

  std::size_t length;
  Datatype type;
  std::string bytes;
};

void put(hid_t where, const std::string& name, hid_t stored, hid_t type, const Dataspace& space,
         const void* values) {
  const AttributeHandle attribute(
      H5Acreate2(where, name.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT), "create an attribute");
  checked(H5Awrite(attribute.get(), type, values), "write an attribute");
}

// Writes each kind of Entry.
struct AttributeWriter {
  hid_t where;
  const std::string& name;

  void operator()(std::int64_t value) const {
    put(where, name, H5T_STD_I64LE, H5T_NATIVE_INT64, space_of({}), &value);
  }
  void operator()(double value) const {
    put(where, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, space_of({}), &value);
  }
  void operator()(const std::string& value) const { put_texts({value}, space_of({})); }
  void operator()(const std::vector<std::int64_t>& values) const {
    const std::int64_t none = 0;  // libhdf5 wants an address for an empty list too
    put(where, name, H5T_STD_I64LE, H5T_NATIVE_INT64, simple_space({values.size()}),
        values.empty() ? &none : values.data());
  }
  void operator()(const std::vector<double>& values) const {
    const double none = 0.0;
    put(where, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, simple_space({values.size()}),
        values.empty() ? &none : values.data());
  }
  void operator()(const std::vector<std::string>& values) const {
    put_texts(values, simple_space({values.size()}));
  }

  void put_texts(const std::vector<std::string>& values, const Dataspace& space) const {
    const TextBlock block(values);
    put(where, name, block.type.get(), block.type.get(), space, block.bytes.data());
  }
};

}  // namespace

bool storable_text(const std::string& text) { return text.find('\0') == std::string::npos; }

const char* type_name(const Entry& entry) {
  constexpr const char* names[] = {"an integer",         "a real",          "a word",
                                   "a list of integers", "a list of words", "a list of reals"};
  return names[entry.index()];
}

void write_attribute(hid_t where, const std::string& name, const Entry& value) {
  std::visit(AttributeWriter{where, name}, value);
}

void write_dataset(hid_t group, const std::string& name, const Shape& shape, hid_t stored, hid_t type,
                   const void* values) {
  const Dataspace space = space_of(shape);
  const Dataset dataset(H5Dcreate2(group, name.c_str(), stored, space.get(), H5P_DEFAULT,
                                   dataset_properties().get(), H5P_DEFAULT),
                        "create a dataset");
  if (H5Sget_simple_extent_npoints(space.get()) == 0) return;
  checked(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "write a dataset");
}

void write_texts(hid_t group, const std::string& name, const std::vector<std::string>& values) {
  const TextBlock block(values);
  write_dataset(group, name, {static_cast<std::int64_t>(values.size())}, block.type.get(), block.type.get(),
                block.bytes.data());
}

}  // namespace rheobase::hdf5

#pragma once

// The few types of attribute and dataset that our files are made of, and how they are written.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/core/shape.h"
#include "sim/hdf5/handle.h"

namespace rheobase::hdf5 {

/// What an attribute of our files may hold. In HDF5: int64 and float64 little-endian, strings of fixed length
/// (UTF-8, padded with NUL), scalars or lists of rank 1.
using Entry = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<std::string>, std::vector<double>>;

/// `an integer`, `a list of words`, ...
const char* type_name(const Entry& entry);

/// False for what an Entry cannot keep: HDF5 pads with NUL.
bool storable_text(const std::string& text);

void write_attribute(hid_t where, const std::string& name, const Entry& value);

/// The type of a number in our files, and in memory.
template <class T>
struct Stored;
template <>
struct Stored<float> {
  static hid_t in_file() { return H5T_IEEE_F32LE; }
  static hid_t in_memory() { return H5T_NATIVE_FLOAT; }
};
template <>
struct Stored<std::int8_t> {
  static hid_t in_file() { return H5T_STD_I8LE; }
  static hid_t in_memory() { return H5T_NATIVE_INT8; }
};
template <>
struct Stored<std::int16_t> {
  static hid_t in_file() { return H5T_STD_I16LE; }
  static hid_t in_memory() { return H5T_NATIVE_INT16; }
};
template <>
struct Stored<std::int32_t> {
  static hid_t in_file() { return H5T_STD_I32LE; }
  static hid_t in_memory() { return H5T_NATIVE_INT32; }
};
template <>
struct Stored<std::int64_t> {
  static hid_t in_file() { return H5T_STD_I64LE; }
  static hid_t in_memory() { return H5T_NATIVE_INT64; }
};
template <>
struct Stored<std::uint64_t> {
  static hid_t in_file() { return H5T_STD_U64LE; }
  static hid_t in_memory() { return H5T_NATIVE_UINT64; }
};
template <>
struct Stored<std::uint8_t> {
  static hid_t in_file() { return H5T_STD_U8LE; }
  static hid_t in_memory() { return H5T_NATIVE_UINT8; }
};

/// Writes a whole dataset without compression. `type` is the type in memory, which must be `stored` but for
/// the order of its bytes.
void write_dataset(hid_t group, const std::string& name, const Shape& shape, hid_t stored, hid_t type,
                   const void* values);

/// A dataset of these numbers.
template <class T>
void write_values(hid_t group, const std::string& name, const Shape& shape, const std::vector<T>& values) {
  write_dataset(group, name, shape, Stored<T>::in_file(), Stored<T>::in_memory(), values.data());
}

/// A dataset of rank 1 of strings of fixed length, as attributes keep them.
void write_texts(hid_t group, const std::string& name, const std::vector<std::string>& values);

}  // namespace rheobase::hdf5

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

/// Writes a whole dataset without compression. `type` is the type in memory, which must be `stored` but for
/// the order of its bytes.
void write_dataset(hid_t group, const std::string& name, const Shape& shape, hid_t stored, hid_t type,
                   const void* values);

/// A dataset of rank 1 of strings of fixed length, as attributes keep them.
void write_texts(hid_t group, const std::string& name, const std::vector<std::string>& values);

}  // namespace rheobase::hdf5

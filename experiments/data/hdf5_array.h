#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/hdf5/handle.h"

namespace rheobase {

/// A dataset whose values lie in its own file, and its shape.
struct Hdf5Array {
  hdf5::Dataset dataset;
  std::vector<hsize_t> extents;
  H5T_class_t type = H5T_NO_CLASS;
  std::size_t value_bytes = 0;
  bool is_signed = false;  ///< of integers
};

/// Whether there is such a member, by a link of its own: others lead out of the file.
bool is_hdf5_hard_link(hid_t group, const char* name);

/// The dataset `name` of a group. Nothing where it is missing (`if_missing` says what should be there), leads
/// out of the file or is damaged, which is then a fault.
std::optional<Hdf5Array> open_hdf5_array(hid_t group, const char* name, const char* if_missing,
                                         std::vector<Fault>& faults);

/// Rows first .. first + count - 1 of the leading axis, as values of `type` in memory. Throws
/// hdf5::CallFailed.
void read_hdf5_rows(const Hdf5Array& array, hsize_t first, hsize_t count, hid_t type, void* to);

}  // namespace rheobase

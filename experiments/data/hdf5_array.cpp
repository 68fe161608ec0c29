#include "experiments/data/hdf5_array.h"

namespace rheobase {
namespace {

// What would lead out of the file, as models may not either: empty where the values lie in it.
std::string way_out_of_file(hid_t group, const char* name) {
  if (!is_hdf5_hard_link(group, name))
    return "is a link, which may lead out of the file: copy the dataset itself into it";
  const hdf5::Dataset dataset(H5Dopen2(group, name, H5P_DEFAULT), "open the dataset");
  const hdf5::PropertyList layout(H5Dget_create_plist(dataset.get()), "read a layout");
  if (H5Pget_layout(layout.get()) == H5D_VIRTUAL || H5Pget_external_count(layout.get()) != 0)
    return "keeps its values in other files: copy them into this one";
  return "";
}

Hdf5Array open_array(hid_t group, const char* name) {
  Hdf5Array array;
  array.dataset = hdf5::Dataset(H5Dopen2(group, name, H5P_DEFAULT), "open the dataset");
  const hdf5::Dataspace space(H5Dget_space(array.dataset.get()), "read a shape");
  array.extents.resize(hdf5::checked(H5Sget_simple_extent_ndims(space.get()), "read a rank"));
  hdf5::checked(H5Sget_simple_extent_dims(space.get(), array.extents.data(), nullptr), "read a shape");
  const hdf5::Datatype type(H5Dget_type(array.dataset.get()), "read a type");
  array.type = H5Tget_class(type.get());
  array.value_bytes = H5Tget_size(type.get());
  array.is_signed = array.type == H5T_INTEGER && H5Tget_sign(type.get()) != H5T_SGN_NONE;
  return array;
}

}  // namespace

bool is_hdf5_hard_link(hid_t group, const char* name) {
  H5L_info_t info;
  hdf5::checked(H5Lget_info(group, name, &info, H5P_DEFAULT), "look at a link");
  return info.type == H5L_TYPE_HARD;
}

std::optional<Hdf5Array> open_hdf5_array(hid_t group, const char* name, const char* if_missing,
                                         std::vector<Fault>& faults) {
  std::string what;
  try {
    if (hdf5::checked(H5Lexists(group, name, H5P_DEFAULT), "look for a dataset") == 0) {
      what = if_missing;
    } else {
      what = way_out_of_file(group, name);
    }
    if (what.empty()) return open_array(group, name);
  } catch (const hdf5::CallFailed& failure) {
    what = failure.what();
  }
  faults.push_back({name, what});
  return std::nullopt;
}

void read_hdf5_rows(const Hdf5Array& array, hsize_t first, hsize_t count, hid_t type, void* to) {
  std::vector<hsize_t> start(array.extents.size(), 0);
  std::vector<hsize_t> rows = array.extents;
  start[0] = first;
  rows[0] = count;
  const hdf5::Dataspace chosen(H5Dget_space(array.dataset.get()), "choose values");
  hdf5::checked(
      H5Sselect_hyperslab(chosen.get(), H5S_SELECT_SET, start.data(), nullptr, rows.data(), nullptr),
      "choose values");
  const hdf5::Dataspace memory(H5Screate_simple(static_cast<int>(rows.size()), rows.data(), nullptr),
                               "choose values");
  hdf5::checked(H5Dread(array.dataset.get(), type, memory.get(), chosen.get(), H5P_DEFAULT, to),
                "read values");
}

}  // namespace rheobase

#include "tests/fuzz/model_edits.h"

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "sim/hdf5/entry.h"

namespace rheobase {
namespace {

using Choices = FuzzedDataProvider;

// The paths of the file, with that of each attribute's owner; not all of them where edits have linked groups
// into each other, round and round.
std::vector<std::string> paths_of(hid_t file) {
  std::vector<std::string> paths{"/"};
  H5Lvisit(
      file, H5_INDEX_NAME, H5_ITER_INC,
      [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
        constexpr std::size_t most = 1000;
        auto& paths = *static_cast<std::vector<std::string>*>(list);
        paths.emplace_back("/" + std::string(name));
        return paths.size() < most && paths.back().size() < most ? 0 : 1;
      },
      &paths);
  return paths;
}

std::string pick(const std::vector<std::string>& list, Choices& choices) {
  return list[choices.ConsumeIntegralInRange<std::size_t>(0, list.size() - 1)];
}

// A name that the layout knows, or any.
std::string name(Choices& choices) {
  static const std::vector<std::string> known{"name",
                                              "op",
                                              "inputs",
                                              "attributes",
                                              "tensors",
                                              "weight",
                                              "bias",
                                              "mean",
                                              "std",
                                              "stride",
                                              "shape",
                                              "padding",
                                              "groups",
                                              "policy",
                                              "alpha",
                                              "threshold",
                                              "early_thresholds",
                                              "calibration",
                                              "arithmetic",
                                              "stop",
                                              "graph",
                                              "nodes",
                                              "000000",
                                              "000001",
                                              "000004",
                                              "000005",
                                              "source",
                                              "conversion",
                                              "tool_version",
                                              "scale",
                                              "kernel",
                                              "integer",
                                              "shift",
                                              "unit",
                                              "fraction_bits"};
  if (choices.ConsumeIntegralInRange(0, 9) > 0) return pick(known, choices);
  std::string any = choices.ConsumeRandomLengthString(12);
  for (char& c : any) c = c == '\0' ? '0' : c;
  return any.empty() ? "x" : any;
}

std::string word(Choices& choices) {
  static const std::vector<std::string> known{
      "Input", "Output",  "Conv2d",     "Linear", "Affine",  "AvgPool2d",  "MaxPool2d",
      "Add",   "Concat",  "Pad",        "Slice",  "Flatten", "Any",        "image",
      "flat",  "float32", "confidence", "stable", "never",   "classifier", "fixed"};
  return choices.ConsumeBool() ? pick(known, choices) : choices.ConsumeRandomLengthString(20);
}

std::int64_t integer(Choices& choices) {
  return choices.ConsumeBool() ? choices.ConsumeIntegralInRange<std::int64_t>(-2, 9)
                               : choices.ConsumeIntegral<std::int64_t>();
}

hdf5::Entry entry(Choices& choices) {
  switch (choices.ConsumeIntegralInRange(0, 4)) {
    case 0:
      return integer(choices);
    case 1:
      return choices.ConsumeFloatingPoint<double>();
    case 2:
      return word(choices);
    case 3: {
      std::vector<std::int64_t> list(choices.ConsumeIntegralInRange(0, 5));
      for (auto& value : list) value = integer(choices);
      return list;
    }
    default: {
      std::vector<std::string> list(choices.ConsumeIntegralInRange(0, 3));
      for (auto& value : list) value = word(choices);
      return list;
    }
  }
}

hid_t number_type(Choices& choices) {
  const std::array<hid_t, 14> types{H5T_IEEE_F32LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE,
                                    H5T_STD_I8LE,   H5T_STD_I8LE,   H5T_STD_I16LE,  H5T_STD_I32LE,
                                    H5T_STD_I16BE,  H5T_STD_U32LE,  H5T_STD_I64LE,  H5T_STD_U8LE,
                                    H5T_C_S1,       H5T_STD_REF_OBJ};
  return types.at(choices.ConsumeIntegralInRange<std::size_t>(0, types.size() - 1));
}

hid_t space(Choices& choices) {
  if (choices.ConsumeIntegralInRange(0, 9) == 0) return H5Screate(H5S_NULL);
  std::vector<hsize_t> extents(choices.ConsumeIntegralInRange(0, 5));
  for (auto& extent : extents) {
    extent = choices.ConsumeIntegralInRange(0, 9) == 0 ? choices.ConsumeIntegral<std::uint32_t>()
                                                       : choices.ConsumeIntegralInRange<hsize_t>(0, 4);
  }
  return extents.empty() ? H5Screate(H5S_SCALAR)
                         : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
}

// That of the dataset at `path`, which then keeps its place in a sound network, or any.
hid_t space_for(hid_t file, const std::string& path, Choices& choices) {
  if (choices.ConsumeBool()) {
    const hid_t dataset = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
    if (dataset >= 0) return H5Dget_space(hdf5::Dataset(dataset, "dataset").get());
  }
  return space(choices);
}

// One byte everywhere, or integers, of which the last is repeated.
std::vector<char> contents(std::size_t count, std::size_t size, Choices& choices) {
  std::vector<char> block(count * size, static_cast<char>(choices.ConsumeIntegral<int>()));
  if (size > sizeof(std::int64_t) || choices.ConsumeBool()) return block;
  std::int64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (choices.remaining_bytes() > 0) value = integer(choices);
    std::memcpy(block.data() + i * size, &value, size);
  }
  return block;
}

// A dataset of any shape, type and layout, with contents where it is small.
void put_dataset(hid_t file, const std::string& path, Choices& choices) {
  const hdf5::Dataspace shape(space_for(file, path, choices), "shape");
  const hid_t type = number_type(choices);
  const hdf5::PropertyList properties(H5Pcreate(H5P_DATASET_CREATE), "properties");
  const int rank = H5Sget_simple_extent_ndims(shape.get());
  if (rank > 0 && choices.ConsumeIntegralInRange(0, 5) == 0) {
    const std::vector<hsize_t> chunk(rank, 2);
    H5Pset_chunk(properties.get(), rank, chunk.data());
    if (choices.ConsumeBool()) H5Pset_deflate(properties.get(), 1);
  }
  H5Ldelete(file, path.c_str(), H5P_DEFAULT);
  const hid_t dataset =
      H5Dcreate2(file, path.c_str(), type, shape.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT);
  if (dataset < 0) return;
  const hdf5::Dataset owner(dataset, "dataset");
  const hssize_t count = H5Sget_simple_extent_npoints(shape.get());
  if (count < 1 || count > 4096 || choices.ConsumeIntegralInRange(0, 9) == 0) return;
  const std::vector<char> block = contents(count, H5Tget_size(type), choices);
  H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data());
}

void put_attribute(hid_t file, const std::string& path, Choices& choices) {
  const hid_t object = H5Oopen(file, path.c_str(), H5P_DEFAULT);
  if (object < 0) return;
  const hdf5::Handle<H5Oclose> owner(object, "object");
  const std::string key = name(choices);
  H5Adelete(object, key.c_str());
  if (choices.ConsumeIntegralInRange(0, 9) > 0) {
    hdf5::write_attribute(object, key, entry(choices));
    return;
  }
  const hdf5::Dataspace shape(space(choices), "shape");
  if (H5Sget_simple_extent_npoints(shape.get()) > 4096) return;  // libhdf5 allocates an attribute at once
  const hid_t attribute =
      H5Acreate2(object, key.c_str(), number_type(choices), shape.get(), H5P_DEFAULT, H5P_DEFAULT);
  if (attribute >= 0) H5Aclose(attribute);
}

void rename_attribute(hid_t file, const std::string& path, Choices& choices) {
  const std::string from = name(choices);
  const std::string to = name(choices);
  // libhdf5 1.10 spoils the object when the new name is taken.
  if (H5Aexists_by_name(file, path.c_str(), to.c_str(), H5P_DEFAULT) != 0) return;
  H5Arename_by_name(file, path.c_str(), from.c_str(), to.c_str(), H5P_DEFAULT);
}

// libhdf5 1.10 spoils an object that has had three links and is left with one: closing the file then fails.
bool has_one_link(hid_t file, const std::string& path) {
  H5O_info_t object;
  return H5Oget_info_by_name2(file, path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
         object.rc == 1;
}

void edit(hid_t file, Choices& choices) {
  const auto paths = paths_of(file);
  const std::string path = pick(paths, choices);
  const std::string beside = pick(paths, choices) + "/" + name(choices);
  switch (choices.ConsumeIntegralInRange(0, 8)) {
    case 0:
      H5Ldelete(file, path.c_str(), H5P_DEFAULT);
      break;
    case 1:
      if (has_one_link(file, path))
        H5Lmove(file, path.c_str(), file, beside.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      break;
    case 2:
      if (has_one_link(file, path))
        H5Lcreate_hard(file, path.c_str(), file, beside.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      break;
    case 3:
      H5Lcreate_soft(path.c_str(), file, beside.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      break;
    case 4:
      H5Adelete_by_name(file, path.c_str(), name(choices).c_str(), H5P_DEFAULT);
      break;
    case 5:
      rename_attribute(file, path, choices);
      break;
    case 6:
      put_dataset(file, choices.ConsumeBool() ? path : beside, choices);
      break;
    default:
      put_attribute(file, path, choices);
  }
}

}  // namespace

void edit_model(hid_t file, FuzzedDataProvider& choices) {
  for (int edits = 0; edits < 16 && choices.remaining_bytes() > 0; ++edits) {
    try {
      edit(file, choices);
    } catch (const hdf5::CallFailed&) {
      // libhdf5 would not: an edit without effect.
    }
  }
}

}  // namespace rheobase

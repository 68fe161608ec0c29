#include "tests/converters/nir_file.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/hdf5/entry.h"
#include "sim/hdf5/handle.h"

namespace rheobase::testing {
namespace {

using hdf5::checked;

hdf5::Datatype text_type(std::size_t size) {
  hdf5::Datatype type(H5Tcopy(H5T_C_S1), "make a type");
  checked(H5Tset_size(type.get(), size), "make a type");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a type");
  return type;
}

hdf5::Dataspace space_of(const Shape& shape) {
  if (shape.empty()) return {H5Screate(H5S_SCALAR), "make a space"};
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return {H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), "make a space"};
}

class Writer {
 public:
  explicit Writer(const NirFile& file) : file_(file) {}

  void graph(hid_t group, const std::string& prefix) const {
    texts(group, "type", {}, {"NIRGraph"});
    edges(group, prefix);
    const hdf5::Group nodes = hdf5::create_group(group, "nodes");
    std::map<std::string, const nir::NirNode*> members;  // of a nested graph any of its nodes
    for (const nir::NirNode& node : file_.nodes) {
      if (!node.name.starts_with(prefix)) continue;
      const std::string rest = node.name.substr(prefix.size());
      members.emplace(rest.substr(0, rest.find('/')), &node);
    }
    for (const auto& [name, node] : members) {
      const hdf5::Group member = hdf5::create_group(nodes.get(), name);
      if (node->name == prefix + name)
        write(member.get(), *node);
      else
        graph(member.get(), prefix + name + "/");
    }
  }

 private:
  void write(hid_t group, const nir::NirNode& node) const {
    texts(group, "type", {}, {node.type});
    for (const auto& [name, value] : node.own)
      std::visit(
          [&, &name = name](const auto& v) { hdf5::write_attribute(group, nir::own_prefix + name, v); },
          value);
    for (const auto& [name, value] : node.parameters) {
      if (const auto* list = std::get_if<std::vector<std::string>>(&value.values))
        texts(group, name, value.shape, *list);
      else if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&value.values))
        numbers(group, name, value.shape, H5T_STD_I64LE, H5T_NATIVE_INT64, whole->data());
      else
        numbers(group, name, value.shape, file_.single ? H5T_IEEE_F32LE : H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE,
                std::get<std::vector<double>>(value.values).data());
    }
  }

  void edges(hid_t group, const std::string& prefix) const {
    std::vector<std::string> names;
    for (const auto& [from, to] : file_.edges) {
      const auto inside = [&](const std::string& name) {
        return name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos;
      };
      if (!inside(from) || !inside(to)) continue;
      names.push_back(from.substr(prefix.size()));
      names.push_back(to.substr(prefix.size()));
    }
    const double none = 0;
    if (names.empty()) return numbers(group, "edges", {0}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &none);
    texts(group, "edges", {static_cast<std::int64_t>(names.size() / 2), 2}, names);
  }

  void texts(hid_t group, const std::string& name, const Shape& shape,
             const std::vector<std::string>& values) const {
    const hdf5::Dataspace space = space_of(shape);
    std::size_t longest = 1;
    for (const std::string& value : values) longest = std::max(longest, value.size());
    const hdf5::Datatype type = text_type(file_.fixed_texts ? longest + 1 : H5T_VARIABLE);
    const hdf5::Dataset dataset(H5Dcreate2(group, name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                           hdf5::dataset_properties().get(), H5P_DEFAULT),
                                "make a dataset");
    std::vector<const char*> pointers;
    std::string block;
    for (const std::string& value : values) {
      pointers.push_back(value.c_str());
      block += value + std::string(longest + 1 - value.size(), '\0');
    }
    const void* data = block.data();
    if (!file_.fixed_texts) data = pointers.data();
    checked(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write texts");
  }

  void numbers(hid_t group, const std::string& name, const Shape& shape, hid_t stored, hid_t memory,
               const void* values) const {
    const hdf5::Dataspace space = space_of(shape);
    const hdf5::PropertyList layout = hdf5::dataset_properties();
    if (file_.deflate && !shape.empty() && shape[0] > 0) {
      const std::vector<hsize_t> chunk(shape.begin(), shape.end());
      checked(H5Pset_chunk(layout.get(), static_cast<int>(chunk.size()), chunk.data()), "choose chunks");
      checked(H5Pset_deflate(layout.get(), 4), "choose deflate");
    }
    const hdf5::Dataset dataset(
        H5Dcreate2(group, name.c_str(), stored, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
        "make a dataset");
    if (H5Sget_simple_extent_npoints(space.get()) == 0) return;
    checked(H5Dwrite(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "write numbers");
  }

  const NirFile& file_;
};

}  // namespace

nir::Value reals(Shape shape, std::vector<double> values) { return {std::move(shape), std::move(values)}; }
nir::Value integers(Shape shape, std::vector<std::int64_t> values) {
  return {std::move(shape), std::move(values)};
}

std::string NirFile::bytes() const {
  const hdf5::Session session;
  hdf5::MemoryFile file(0);
  {
    const hdf5::Group root = hdf5::create_group(file.id(), "node");
    Writer(*this).graph(root.get(), "");
  }
  return file.finish();
}

NirFile small_nir() {
  NirFile file;
  file.nodes = {{"input", "Input", {{"shape", integers({1}, {2})}}, {}},
                {"fc", "Linear", {{"weight", reals({3, 2}, {1, 0, 0.5, 2, -1, 0.25})}}, {}},
                {"lif",
                 "LIF",
                 {{"tau", reals({3}, {0.0625, 0.0625, 0.0625})},
                  {"r", reals({3}, {1, 1, 1})},
                  {"v_leak", reals({3}, {0, 0, 0})},
                  {"v_threshold", reals({3}, {1, 1, 2})}},
                 {}},
                {"output", "Output", {{"shape", integers({1}, {3})}}, {}}};
  file.edges = {{"lif", "output"}, {"input", "fc"}, {"fc", "lif"}};
  return file;
}

}  // namespace rheobase::testing

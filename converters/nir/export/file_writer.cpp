#include "converters/nir/export/file_writer.h"

#include "sim/hdf5/entry.h"
#include "sim/hdf5/handle.h"

namespace rheobase::nir {
namespace {

using hdf5::checked;

hdf5::Datatype text_type() {
  hdf5::Datatype type(H5Tcopy(H5T_C_S1), "describe a text");
  checked(H5Tset_size(type.get(), H5T_VARIABLE), "describe a text");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "describe a text");
  return type;
}

void write_texts(hid_t group, const std::string& name, const Shape& shape,
                 const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const hdf5::Datatype type = text_type();
  hdf5::write_dataset(group, name, shape, type.get(), type.get(), pointers.data());
}

struct ValueWriter {
  hid_t group;
  const std::string& name;
  const Shape& shape;

  void operator()(const std::vector<double>& values) const {
    hdf5::write_values(group, name, shape, std::vector<float>(values.begin(), values.end()));
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    hdf5::write_values(group, name, shape, values);
  }
  void operator()(const std::vector<std::string>& values) const { write_texts(group, name, shape, values); }
};

void write_own(hid_t place, const std::string& node, const Own& own) {
  for (const auto& [name, value] : own) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && !hdf5::storable_text(*text))
      throw InputError("", node, "has a NUL character in its " + name);
    std::visit([&, &name = name](const auto& v) { hdf5::write_attribute(place, own_prefix + name, v); },
               value);
  }
}

void write_node(hid_t nodes, const NirNode& node) {
  const hdf5::Group group = hdf5::create_group(nodes, node.name);
  write_texts(group.get(), "type", {}, {node.type});
  write_own(group.get(), node.name, node.own);
  for (const auto& [name, value] : node.parameters)
    std::visit(ValueWriter{group.get(), name, value.shape}, value.values);
}

void write_graph(hid_t root, const NirGraph& graph) {
  write_texts(root, "type", {}, {"NIRGraph"});
  std::vector<std::string> ends;
  for (const auto& [from, to] : graph.edges) {
    ends.push_back(from);
    ends.push_back(to);
  }
  write_texts(root, "edges", {std::ssize(graph.edges), 2}, ends);
  const hdf5::Group nodes = hdf5::create_group(root, "nodes");
  for (const NirNode& node : graph.nodes) write_node(nodes.get(), node);
}

}  // namespace

std::string nir_bytes(const NirGraph& graph) {
  const hdf5::Session session;
  hdf5::MemoryFile file(0);
  write_own(file.id(), "", graph.own);
  write_texts(file.id(), "version", {}, {graph.version});
  {
    const hdf5::Group root = hdf5::create_group(file.id(), "node");
    write_graph(root.get(), graph);
  }
  if (!graph.weights.empty()) {
    const hdf5::Group group = hdf5::create_group(file.id(), own_weights);
    for (const auto& [name, value] : graph.weights)
      std::visit(ValueWriter{group.get(), name, value.shape}, value.values);
  }
  return file.finish();
}

}  // namespace rheobase::nir

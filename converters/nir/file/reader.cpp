#include "converters/nir/file/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "converters/nir/file/value_reader.h"
#include "sim/hdf5/entry_reader.h"

namespace rheobase::nir {
namespace {

using hdf5::Place;

constexpr int deepest = 16;               // of graphs within graphs
constexpr std::uint64_t node_bytes = 64;  // that a group takes in any file

/// One text; nothing where the value is none.
const std::string* text_of(const Value& value) {
  const auto* texts = std::get_if<std::vector<std::string>>(&value.values);
  return texts != nullptr && texts->size() == 1 ? texts->data() : nullptr;
}

// Whether places in the file are numbers of 64 bits, counted from its first byte, as texts are looked up by.
bool has_plain_addresses(hid_t file) {
  const hdf5::PropertyList creation(H5Fget_create_plist(file), "read how a file was made");
  std::size_t address = 0, length = 0;
  hsize_t user_block = 0;
  hdf5::checked(H5Pget_sizes(creation.get(), &address, &length), "read how a file was made");
  hdf5::checked(H5Pget_userblock(creation.get(), &user_block), "read how a file was made");
  return address == 8 && length == 8 && user_block == 0;
}

class GraphReader {
 public:
  GraphReader(std::string_view bytes, Faults& faults)
      : faults_(faults),
        values_(bytes, faults),
        entries_(bytes.size(), faults),
        nodes_left_(bytes.size() / node_bytes + 1) {}

  NirGraph read(hid_t file) {
    const Place root{file, "/"};
    graph_.own = own_of(root);
    read_weights(root);
    if (entries_.has_member(root, "version")) {
      const auto version = values_.value(root, "version");
      if (version && text_of(*version) != nullptr) graph_.version = *text_of(*version);
    }
    const auto node = entries_.group(root, "node");
    if (!node) return {};
    const Place place{node->get(), "/node"};
    const auto type = type_of(place);
    if (type && *type != "NIRGraph") {
      fault(place.path, fmt::format("is of type '{}', expected NIRGraph", *type));
    } else if (type) {
      read_graph(place, "", 0);
      if (faults_.empty()) connect();
    }
    return std::move(graph_);
  }

 private:
  void fault(const std::string& where, const std::string& what) { faults_.push_back({where, what}); }

  Own own_of(const Place& place) {
    Own own;
    const std::string prefix = own_prefix;
    for (const std::string& name : entries_.attribute_names(place)) {
      if (!name.starts_with(prefix)) continue;
      auto entry = entries_.entry(place, name);
      if (!entry) continue;
      std::visit(
          [&](auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (!std::is_same_v<T, std::vector<std::string>>)
              own[name.substr(prefix.size())] = std::move(value);
          },
          *entry);
    }
    return own;
  }

  void read_weights(const Place& root) {
    if (!entries_.has_member(root, own_weights)) return;
    const auto group = entries_.group(root, own_weights);
    if (!group) return;
    const Place place{group->get(), root.child(own_weights)};
    for (const std::string& name : entries_.member_names(place)) {
      if (auto value = values_.value(place, name)) graph_.weights[name] = *std::move(value);
      if (faults_.size() > most_faults) return;
    }
  }

  std::optional<std::string> type_of(const Place& place) {
    if (!entries_.has_member(place, "type")) {
      fault(place.path, "has no 'type', which every node has; a node's name has no '/'");
      return std::nullopt;
    }
    const auto value = values_.value(place, "type");
    if (!value) return std::nullopt;
    if (const std::string* text = text_of(*value)) return *text;
    fault(place.child("type"), "is not one text");
    return std::nullopt;
  }

  // `prefix` stands before the names of its nodes.
  void read_graph(const Place& place, const std::string& prefix, int depth) {
    if (depth > deepest) return fault(place.path, fmt::format("lies {} graphs deep, the limit", deepest));
    read_edges(place, prefix);
    const auto nodes = entries_.group(place, "nodes");
    if (!nodes) return;
    const Place list{nodes->get(), place.child("nodes")};
    for (const std::string& name : entries_.member_names(list)) {
      if (nodes_left_-- == 0) {
        nodes_left_ = 0;
        return fault(list.path, "has more nodes than the file has bytes for");
      }
      const auto group = entries_.group(list, name);
      if (group) read_node({group->get(), list.child(name)}, prefix + name, depth);
      if (faults_.size() > most_faults) return;
    }
  }

  void read_node(const Place& place, const std::string& name, int depth) {
    const auto type = type_of(place);
    if (!type) return;
    if (*type == "NIRGraph") {
      read_graph(place, name + "/", depth + 1);
      graphs_.insert(name);
      return;
    }
    NirNode node{name, *type, {}, own_of(place)};
    for (const std::string& member : entries_.member_names(place)) {
      if (member == "type" || member == "metadata") continue;
      if (auto value = values_.value(place, member)) node.parameters[member] = *std::move(value);
    }
    if (depth > 0 && (node.type == "Input" || node.type == "Output")) {
      const std::string around = name.substr(0, name.rfind('/'));
      auto& port = node.type == "Input" ? inputs_[around] : outputs_[around];
      if (!port.empty())
        fault(place.path, fmt::format("is a second {} of its graph, beside '{}'", node.type, port));
      port = name;
      node.type = "through";
    }
    graph_.nodes.push_back(std::move(node));
  }

  void read_edges(const Place& place, const std::string& prefix) {
    const auto value = values_.value(place, "edges");
    if (!value || value->size() == 0) return;
    const auto* names = std::get_if<std::vector<std::string>>(&value->values);
    if (names == nullptr || value->shape.size() != 2 || value->shape[1] != 2)
      return fault(place.child("edges"),
                   fmt::format("has shape {}, expected one of Nx2 of names", to_string(value->shape)));
    for (std::size_t i = 0; i < names->size(); i += 2)
      edges_.emplace_back(prefix + (*names)[i], prefix + (*names)[i + 1]);
  }

  // An end of an edge: a node, or where a nested graph begins or ends.
  std::string end_of(const std::string& name, const std::map<std::string, std::string>& ports,
                     const char* port) {
    const auto found = ports.find(name);
    if (found != ports.end()) return found->second;
    if (graphs_.contains(name))
      fault(name, fmt::format("is a graph without an {}, which an edge asks for", port));
    else if (!names_.contains(name))
      fault("edges", fmt::format("name the node '{}', which is not there", name));
    return name;
  }

  void connect() {
    for (const NirNode& node : graph_.nodes) {
      if (!names_.insert(node.name).second) fault(node.name, "two nodes have this name");
    }
    std::set<Edge> seen;
    for (const auto& [from, to] : edges_) {
      Edge edge{end_of(from, outputs_, "Output"), end_of(to, inputs_, "Input")};
      if (faults_.size() > most_faults) return;
      if (!seen.insert(edge).second) {
        graph_.notes.push_back(
            {edge.first, fmt::format("has more than one edge to '{}', which counts once", edge.second)});
        continue;
      }
      graph_.edges.push_back(std::move(edge));
    }
  }

  static constexpr std::size_t most_faults = 20;

  Faults& faults_;
  ValueReader values_;
  hdf5::EntryReader entries_;
  std::uint64_t nodes_left_;
  NirGraph graph_;
  std::vector<Edge> edges_;
  std::set<std::string> names_, graphs_;
  std::map<std::string, std::string> inputs_, outputs_;  // of nested graphs
};

}  // namespace

NirGraph read_nir_bytes(const std::string& bytes, const std::string& source) {
  Faults faults;
  NirGraph graph;
  try {
    const hdf5::Session session;
    const hdf5::File file = hdf5::open_image(bytes);
    if (has_plain_addresses(file.get())) {
      graph = GraphReader(bytes, faults).read(file.get());
    } else {
      faults.push_back(
          {"", "has a user block or no 64-bit addresses: 'h5repack IN OUT' makes a plain file of it"});
    }
  } catch (const hdf5::CallFailed& failure) {
    faults.push_back({"", std::string("is no NIR file, which are HDF5: ") + failure.what()});
  }
  throw_if_any(source, faults);
  return graph;
}

}  // namespace rheobase::nir

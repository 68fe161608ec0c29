#include "converters/nir/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <utility>

#include "converters/nir/file/reader.h"
#include "converters/nir/import/dialect.h"
#include "converters/nir/import/node_import.h"
#include "converters/nir/import/own_graph.h"
#include "converters/nir/import/recurrence.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

using nir::NirGraph;
using nir::NirNode;
using Names = std::vector<std::string>;

class Importer {
 public:
  Importer(const NirGraph& file, nir::Dialect dialect, Notes& notes)
      : file_(file), dialect_(std::move(dialect)), notes_(notes) {
    for (const NirNode& node : file.nodes) nodes_[node.name] = &node;
    for (const auto& [from, to] : file.edges) {
      sources_[to].push_back(from);
      readers_[from].push_back(to);
    }
  }

  Graph run(Faults& faults) {
    check_ends(faults);
    delayed_ = nir::delayed_edges(file_, faults);
    if (!faults.empty()) return {};
    for (const std::string& name : order()) import(*nodes_.at(name), faults);
    Graph graph = maker_.take();
    for (const auto& [neuron, delay] : delays_) {
      const auto found = values_.find(neuron);
      if (found != values_.end()) graph.find(delay)->inputs = {found->second};
    }
    return graph;
  }

 private:
  void check_ends(Faults& faults) const {
    for (const char* type : {"Input", "Output"}) {
      const auto count = std::count_if(file_.nodes.begin(), file_.nodes.end(),
                                       [&](const NirNode& node) { return node.type == type; });
      if (count != 1) faults.push_back({type, fmt::format("a network has one, the file has {}", count)});
    }
    for (const NirNode& node : file_.nodes) {
      if (node.type != "Input" && !sources_.contains(node.name))
        faults.push_back({node.name, "no edge leads to it"});
      if (node.type == "Input" && sources_.contains(node.name))
        faults.push_back({node.name, fmt::format("reads '{}', and an Input reads nothing",
                                                 sources_.at(node.name).front())});
      if (node.type != "Output" && !readers_.contains(node.name))
        faults.push_back({node.name, "no edge leaves it"});
      if (node.type == "Output" && readers_.contains(node.name))
        faults.push_back({node.name, fmt::format("leads to '{}', and an Output leads nowhere",
                                                 readers_.at(node.name).front())});
    }
  }

  // Sources first; among those that are ready the first by name. What reads a neuron's last spikes comes
  // behind another source of the neuron, which tells its shape.
  Names order() const {
    std::map<std::string, std::size_t> open;
    std::map<std::string, Names> readers;
    const auto add = [&](const std::string& from, const std::string& to) {
      readers[from].push_back(to);
      ++open[to];
    };
    for (const NirNode& node : file_.nodes) open[node.name] = 0;
    for (const nir::Edge& edge : file_.edges) {
      if (!delayed_.contains(edge)) add(edge.first, edge.second);
    }
    for (const auto& [neuron, reader] : delayed_) {
      if (const std::string* source = teller(neuron, reader)) add(*source, reader);
    }
    std::priority_queue<std::string, Names, std::greater<>> ready;
    for (const auto& [name, count] : open) {
      if (count == 0) ready.push(name);
    }
    Names result;
    while (!ready.empty()) {
      const std::string name = ready.top();
      ready.pop();
      result.push_back(name);
      for (const std::string& reader : readers[name]) {
        if (--open[reader] == 0) ready.push(reader);
      }
    }
    return result;
  }

  // A source of a neuron that does not wait for `reader`, so that its shape is known before.
  const std::string* teller(const std::string& neuron, const std::string& reader) const {
    for (const std::string& source : sources_.at(neuron)) {
      if (!waits_for(source, reader)) return &source;
    }
    return nullptr;
  }

  bool waits_for(const std::string& name, const std::string& other) const {
    std::set<std::string> seen;
    Names open{name};
    while (!open.empty()) {
      const std::string at = open.back();
      open.pop_back();
      if (at == other) return true;
      const auto found = sources_.find(at);
      if (!seen.insert(at).second || found == sources_.end()) continue;
      for (const std::string& source : found->second) {
        if (!delayed_.contains({source, at})) open.push_back(source);
      }
    }
    return false;
  }

  // The node of ours that has what `reader` reads of `source`.
  std::optional<std::string> value(const std::string& source, const std::string& reader) {
    if (delayed_.contains({source, reader})) return delay(source, reader);
    const auto found = values_.find(source);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

  std::string delay(const std::string& neuron, const std::string& reader) {
    const std::string* const source = teller(neuron, reader);
    if (source == nullptr || !values_.contains(*source))
      throw nir::NodeFault(
          fmt::format("reads the last spikes of '{}', whose shape nothing before it tells", neuron));
    Node node{"", delay_op, {}, {{"shape", maker_.shape(values_.at(*source))}}, {}};
    std::string name = maker_.emit(neuron + "/delay", std::move(node));
    delays_.emplace_back(neuron, name);
    return name;
  }

  void import(const NirNode& node, Faults& faults) {
    try {
      Names inputs;
      const auto sources = sources_.find(node.name);
      if (sources != sources_.end()) {
        for (const std::string& source : sources->second) {
          const auto found = value(source, node.name);
          if (!found) return;  // its fault is told already
          inputs.push_back(*found);
        }
      }
      std::string input = inputs.empty() ? "" : inputs[0];
      if (inputs.size() > 1) input = maker_.emit(node.name + "/sum", {"", "Add", inputs, {}, {}});
      values_[node.name] = nir::import_node(node.type == "Input" ? without_batch(node) : node, input,
                                            dialect_, maker_, notes_);
    } catch (const nir::NodeFault& fault) {
      faults.push_back({node.name, fault.what()});
    }
  }

  // Norse and nirtorch may count a batch of one sample: 1 x C x H x W, and 1 x N before what is no Conv1d;
  // Rockpool its steps too, 1 x 1 x N before what multiplies vectors.
  NirNode without_batch(NirNode input) {
    const auto shape = input.parameters.find("shape");
    if (shape == input.parameters.end()) return input;
    auto* extents = std::get_if<std::vector<std::int64_t>>(&shape->second.values);
    if (extents == nullptr || extents->empty() || extents->front() != 1) return input;
    const Names& readers = readers_.at(input.name);
    const bool images = std::any_of(readers.begin(), readers.end(), [&](const std::string& reader) {
      return nodes_.at(reader)->type == "Conv1d";
    });
    const bool vectors = std::all_of(readers.begin(), readers.end(), [&](const std::string& reader) {
      return nodes_.at(reader)->type == "Linear" || nodes_.at(reader)->type == "Affine";
    });
    if (extents->size() == 3 && vectors && (*extents)[1] == 1) {
      notes_.push_back(
          {input.name, "has two leading extents of 1, which are taken to count a batch and its steps"});
      extents->erase(extents->begin());
    } else if (extents->size() == 4 || (extents->size() == 2 && !images)) {
      notes_.push_back({input.name, "has a leading extent of 1, which is taken to count a batch"});
    } else {
      return input;
    }
    extents->erase(extents->begin());
    shape->second.shape = {static_cast<std::int64_t>(extents->size())};
    return input;
  }

  const NirGraph& file_;
  nir::Dialect dialect_;
  Notes& notes_;
  nir::GraphMaker maker_;
  std::map<std::string, const NirNode*> nodes_;
  std::map<std::string, Names> sources_, readers_;
  std::set<nir::Edge> delayed_;
  std::map<std::string, std::string> values_;                // the node of ours that has them
  std::vector<std::pair<std::string, std::string>> delays_;  // neurons of the file and Delays of ours
};

}  // namespace

NirImport import_nir_bytes(const std::string& bytes, const std::string& source, const NirOptions& options) {
  const NirGraph file = nir::read_nir_bytes(bytes, source);
  NirImport result;
  if (nir::is_own(file)) {
    const bool left_aside = options.dialect != "auto" || options.reset != "auto" || options.dt.has_value();
    result.notes.push_back(nir::own_note(file, left_aside));
    if (!left_aside) {
      result.graph = nir::own_graph(file, source);
      return result;
    }
  }
  Notes doubts = file.notes;
  const nir::Dialect dialect = nir::dialect_of(file, options, result.notes, doubts);
  result.fires_above = !dialect.at_threshold;
  Faults faults;
  result.graph = Importer(file, dialect, doubts).run(faults);
  throw_if_any(source, faults);
  if (options.strict) throw_if_any(source, doubts);
  result.notes.insert(result.notes.end(), doubts.begin(), doubts.end());
  return result;
}

NirImport import_nir(const std::string& path, const NirOptions& options) {
  NirImport result = import_nir_bytes(read_file(path), path, options);
  result.files = {path};
  return result;
}

}  // namespace rheobase

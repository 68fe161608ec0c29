#include "converters/nir/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "converters/nir/file/reader.h"
#include "converters/nir/import/dialect.h"
#include "converters/nir/import/node_import.h"
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
    if (!faults.empty()) return {};
    for (const std::string& name : order(faults)) import(*nodes_.at(name), faults);
    return maker_.take();
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

  // Sources first; among those that are ready the first by name. What lies on a cycle is a fault.
  Names order(Faults& faults) const {
    std::map<std::string, std::size_t> open;
    std::priority_queue<std::string, Names, std::greater<>> ready;
    for (const NirNode& node : file_.nodes) {
      const auto found = sources_.find(node.name);
      open[node.name] = found == sources_.end() ? 0 : found->second.size();
      if (open[node.name] == 0) ready.push(node.name);
    }
    Names result;
    while (!ready.empty()) {
      const std::string name = ready.top();
      ready.pop();
      result.push_back(name);
      const auto readers = readers_.find(name);
      if (readers == readers_.end()) continue;
      for (const std::string& reader : readers->second) {
        if (--open[reader] == 0) ready.push(reader);
      }
    }
    if (result.size() < file_.nodes.size()) faults.push_back(cycle(open));
    return result;
  }

  // Walks back along sources that are not done, until a node comes up again.
  Fault cycle(const std::map<std::string, std::size_t>& open) const {
    const auto is_open = [&](const std::string& name) { return open.at(name) > 0; };
    std::string at =
        std::find_if(open.begin(), open.end(), [](const auto& e) { return e.second > 0; })->first;
    Names path;
    while (std::find(path.begin(), path.end(), at) == path.end()) {
      path.push_back(at);
      const Names& from = sources_.at(at);
      at = *std::find_if(from.begin(), from.end(), is_open);
    }
    const std::string before = *std::find_if(sources_.at(at).begin(), sources_.at(at).end(), is_open);
    return {at,
            fmt::format("reads itself, by the edge from '{}': recurrent networks cannot be imported in this "
                        "version",
                        before)};
  }

  void import(const NirNode& node, Faults& faults) {
    Names inputs;
    const auto sources = sources_.find(node.name);
    if (sources != sources_.end()) {
      for (const std::string& source : sources->second) {
        const auto found = values_.find(source);
        if (found == values_.end()) return;  // its fault is told already
        inputs.push_back(found->second);
      }
    }
    try {
      std::string input = inputs.empty() ? "" : inputs[0];
      if (inputs.size() > 1) input = maker_.emit(node.name + "/sum", {"", "Add", inputs, {}, {}});
      values_[node.name] = nir::import_node(node, input, dialect_, maker_, notes_);
    } catch (const nir::NodeFault& fault) {
      faults.push_back({node.name, fault.what()});
    }
  }

  const NirGraph& file_;
  nir::Dialect dialect_;
  Notes& notes_;
  nir::GraphMaker maker_;
  std::map<std::string, const NirNode*> nodes_;
  std::map<std::string, Names> sources_, readers_;
  std::map<std::string, std::string> values_;  // the node of ours that has them
};

}  // namespace

NirImport import_nir_bytes(const std::string& bytes, const std::string& source, const NirOptions& options) {
  const NirGraph file = nir::read_nir_bytes(bytes, source);
  NirImport result;
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

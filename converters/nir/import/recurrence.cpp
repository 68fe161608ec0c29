#include "converters/nir/import/recurrence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace rheobase::nir {
namespace {

using Names = std::vector<std::string>;

bool spikes(const std::string& type) {
  return type == "IF" || type == "LIF" || type == "CubaLIF" || type == "Threshold";
}

// Walks from the Input along edges until one leads back to where the walk came from.
class CycleFinder {
 public:
  CycleFinder(const NirGraph& graph, const std::set<Edge>& without) : graph_(graph) {
    for (const Edge& edge : graph.edges) {
      if (!without.contains(edge)) readers_[edge.first].push_back(edge.second);
    }
  }

  // Nodes of a cycle, each read by the next and the last by the first.
  std::optional<Names> find() {
    Names starts;
    for (const NirNode& node : graph_.nodes) {
      if (node.type == "Input")
        starts.insert(starts.begin(), node.name);
      else
        starts.push_back(node.name);
    }
    for (const std::string& start : starts) {
      if (auto cycle = walk(start)) return cycle;
    }
    return std::nullopt;
  }

 private:
  // Without recursion: a hostile file may be deep.
  std::optional<Names> walk(const std::string& start) {
    if (!seen_.insert(start).second) return std::nullopt;
    Names path{start};
    std::vector<std::size_t> next{0};
    while (!path.empty()) {
      const Names& readers = readers_[path.back()];
      if (next.back() == readers.size()) {
        path.pop_back();
        next.pop_back();
        continue;
      }
      const std::string& reader = readers[next.back()++];
      const auto back = std::find(path.begin(), path.end(), reader);
      if (back != path.end()) return Names(back, path.end());
      if (!seen_.insert(reader).second) continue;
      path.push_back(reader);
      next.push_back(0);
    }
    return std::nullopt;
  }

  const NirGraph& graph_;
  std::map<std::string, Names> readers_;
  std::set<std::string> seen_;
};

}  // namespace

std::set<Edge> delayed_edges(const NirGraph& graph, std::vector<Fault>& faults) {
  std::set<Edge> delayed;
  while (const auto cycle = CycleFinder(graph, delayed).find()) {
    const auto neuron = std::find_if(cycle->rbegin(), cycle->rend(),
                                     [&](const std::string& name) { return spikes(graph.find(name)->type); });
    if (neuron == cycle->rend()) {
      faults.push_back(
          {cycle->front(), fmt::format("reads itself, by the edge from '{}', and no spiking neuron "
                                       "lies on that way, whose spikes could arrive a step later",
                                       cycle->back())});
      return delayed;
    }
    const auto reader = neuron == cycle->rbegin() ? cycle->begin() : neuron.base();
    delayed.insert({*neuron, *reader});
  }
  return delayed;
}

}  // namespace rheobase::nir

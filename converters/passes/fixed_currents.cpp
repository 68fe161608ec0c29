#include "converters/passes/fixed_currents.h"

#include <algorithm>
#include <set>

#include "converters/passes/fixed_neurons.h"

namespace rheobase::fixed {
namespace {

class CurrentFinder {
 public:
  CurrentFinder(const Network& network, const Kinds& kinds, Faults& faults)
      : network_(network), kinds_(kinds), readers_(readers_of(network.graph)), faults_(faults) {
    std::size_t cells = 0;
    for (const int index : topological_order(network.graph)) {
      const Node& node = network.graph.nodes[index];
      order_.push_back(&node);
      if (!is_current(node.name)) continue;
      result_.first_cell[node.name] = cells;
      cells += network.channels(node);
      number_[node.name] = number_.size();
    }
    result_.ties = UnitTies(cells);
    groups_ = UnitTies(number_.size());
  }

  Currents run() {
    for (const Node* node : order_) tie(*node);
    for (const Node* node : order_) {
      if (is_current(node->name)) members_[group(node->name)].push_back(node);
    }
    for (const Node* node : order_) {
      if (is_current(node->name)) visit(group(node->name));
    }
    for (const Current& current : result_.list) check_scales(current);
    return std::move(result_);
  }

 private:
  bool is_current(const std::string& name) const {
    const auto found = kinds_.find(name);
    return found != kinds_.end() && found->second == Kind::current;
  }

  std::size_t group(const std::string& name) const { return groups_.root(number_.at(name)); }

  void tie(const Node& node) {
    bool sound = true;
    const OpSchema& schema = network_.schema(node);
    if (schema.role == Role::join || schema.emits_potential()) {
      for (const std::string& input : node.inputs) {
        groups_.tie(number_.at(node.name), number_.at(input), 1.0);
        for (std::int64_t c = 0; c < network_.channels(node); ++c) sound &= tie(node, c, input, c, 1.0);
      }
    } else if (schema.carries() && is_current(node.name)) {
      sound = tie_carried(node);
    } else if (schema.is_spiking() && shares_a_unit(node, schema)) {
      const std::size_t first = result_.cell(node.inputs[0], 0);
      for (std::int64_t c = 1; c < network_.channels(node); ++c)
        sound &= result_.ties.tie(first + c, first, 1.0);
    }
    if (!sound) faults_.push_back({node.name, "brings together a current and an average of it"});
  }

  bool tie_carried(const Node& node) {
    bool sound = true;
    const auto area = static_cast<double>(divisor(node, network_.shapes).value_or(1));
    const auto origins = channel_origins(node, network_.shapes);
    for (const std::string& input : node.inputs) groups_.tie(number_.at(node.name), number_.at(input), 1.0);
    for (std::size_t c = 0; c < origins.size(); ++c) {
      if (origins[c])
        sound &= tie(node, static_cast<std::int64_t>(c), node.inputs[origins[c]->input], origins[c]->channel,
                     1.0 / area);
    }
    return sound;
  }

  bool tie(const Node& node, std::int64_t channel, const std::string& input, std::int64_t from,
           double ratio) {
    return result_.ties.tie(result_.cell(node.name, channel), result_.cell(input, from), ratio);
  }

  // Depth first, so that a current comes after those its members read.
  void visit(std::size_t group_number) {
    if (done_.contains(group_number)) return;
    done_.insert(group_number);
    open_.insert(group_number);
    for (const Node* node : members_.at(group_number)) {
      if (!reads_int16(network_.schema(*node))) continue;
      if (!is_current(node->inputs[0])) continue;
      const std::size_t read = group(node->inputs[0]);
      if (open_.contains(read)) {
        faults_.push_back({node->name,
                           "its outcome is joined with its input and no neuron lies between, so no "
                           "unit fits both"});
      } else {
        visit(read);
      }
    }
    open_.erase(group_number);
    result_.list.push_back(members_.at(group_number));
  }

  // Wide integers times an integer scale within int16: the scale would be a few units.
  void check_scales(const Current& current) {
    const bool int16 = std::any_of(current.begin(), current.end(), [&](const Node* node) {
      const auto& readers = readers_.at(node->name);
      return std::any_of(readers.begin(), readers.end(),
                         [&](const Node* reader) { return reads_int16(network_.schema(*reader)); });
    });
    if (!int16) return;
    for (const Node* node : current) {
      if (network_.schema(*node).role != Role::scaling) continue;
      const Kind input = kinds_.at(node->inputs[0]);
      if (input != Kind::current && input != Kind::pixels) continue;
      faults_.push_back({node->name,
                         "scales the image or a current for a synapse, and no neuron lies between: "
                         "its integer scale would be too coarse; fold it into a layer"});
    }
  }

  const Network network_;
  const Kinds& kinds_;
  const Readers readers_;
  Faults& faults_;
  std::vector<const Node*> order_;
  std::map<std::string, std::size_t> number_;
  UnitTies groups_;
  std::map<std::size_t, Current> members_;
  std::set<std::size_t> done_, open_;
  Currents result_;
};

}  // namespace

Readers readers_of(const Graph& graph) {
  Readers readers;
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) readers[input].push_back(&node);
  }
  return readers;
}

Currents find_currents(const Network& network, const Kinds& kinds, Faults& faults) {
  return CurrentFinder(network, kinds, faults).run();
}

}  // namespace rheobase::fixed

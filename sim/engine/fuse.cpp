#include "sim/engine/fuse.h"

#include <utility>

namespace rheobase {
namespace {

class Fuser {
 public:
  explicit Fuser(Plan& plan) : plan_(plan), readers_(plan.nodes.size(), 0) {
    for (const PlannedNode& node : plan.nodes) {
      for (const int input : node.inputs) ++readers_[input];
    }
  }

  void run() {
    for (int i = 0; i < static_cast<int>(plan_.nodes.size()); ++i) {
      if (plan_.nodes[i].kernel != nullptr && !plan_.nodes[i].inputs.empty()) fuse_into(i);
    }
  }

 private:
  // A node whose output only `neuron` needs, through others that vanish, and that runs as often as it does.
  bool vanishes(int index, int neuron) const {
    const bool constant = index < plan_.constant_nodes;
    return readers_[index] == 1 && constant == (neuron < plan_.constant_nodes);
  }
  bool is_source(int index, int neuron, std::size_t addends) const {
    const Kernel* kernel = plan_.nodes[index].kernel.get();
    return kernel != nullptr && vanishes(index, neuron) &&
           plan_.nodes[neuron].kernel->can_fuse(*kernel, addends);
  }
  bool can_be_added(int index) const { return plan_.nodes[index].output.type == SignalType::int32; }

  void fuse_into(int neuron) {
    const int before = plan_.nodes[neuron].inputs.at(0);
    if (is_source(before, neuron, 0)) {
      join(neuron, before, {});
    } else if (vanishes(before, neuron) && plan_.nodes[before].role == Role::join) {
      fuse_join(neuron, before);
    }
  }

  void fuse_join(int neuron, int add) {
    int source = -1;
    std::vector<int> others;
    const std::size_t addends = plan_.nodes[add].inputs.size() - 1;
    for (const int input : plan_.nodes[add].inputs) {
      if (!can_be_added(input)) return;
      if (source < 0 && is_source(input, neuron, addends)) {
        source = input;
      } else {
        others.push_back(input);
      }
    }
    if (source < 0) return;
    absorb(add);
    join(neuron, source, others);
  }

  // The kernel of a node that vanishes.
  std::unique_ptr<Kernel> absorb(int index) {
    PlannedNode& node = plan_.nodes[index];
    node.inputs.clear();
    node.absorbed = true;
    return std::move(node.kernel);
  }

  void join(int neuron, int source, const std::vector<int>& others) {
    FusionParts parts;
    std::vector<int> inputs = plan_.nodes[source].inputs;
    for (const int other : others) {
      const PlannedNode& node = plan_.nodes[other];
      const bool added_directly =
          vanishes(other, neuron) && node.kernel != nullptr && node.kernel->adds_directly();
      inputs.push_back(added_directly ? node.inputs.at(0) : other);
      parts.addends.push_back({added_directly ? absorb(other) : nullptr, node.output});
    }
    PlannedNode& node = plan_.nodes[neuron];
    const Kernel& kernel = *node.kernel;
    parts.source = absorb(source);
    parts.neuron = std::move(node.kernel);
    node.kernel = kernel.fused(std::move(parts));
    node.inputs = std::move(inputs);
  }

  Plan& plan_;
  std::vector<int> readers_;
};

}  // namespace

void fuse(Plan& plan) { Fuser(plan).run(); }

}  // namespace rheobase

#include "sim/engine/fuse.h"

#include <utility>

#include "sim/op/host/fused_kernel.h"
#include "sim/op/host/tile.h"

namespace rheobase {
namespace {

// nullptr for what has no kernel, or one of a device with kernels of its own.
const HostKernel* host_kernel_of(const PlannedNode& node) {
  return dynamic_cast<const HostKernel*>(node.kernel.get());
}

class Fuser {
 public:
  explicit Fuser(Plan& plan) : plan_(plan), readers_(plan.nodes.size(), 0) {
    for (const PlannedNode& node : plan.nodes) {
      for (const int input : node.inputs) ++readers_[input];
    }
  }

  void run() {
    for (int i = 0; i < static_cast<int>(plan_.nodes.size()); ++i) {
      const HostKernel* kernel = host_kernel_of(plan_.nodes[i]);
      if (kernel != nullptr && kernel->tile_neuron() != nullptr) fuse_into(i);
    }
  }

 private:
  // A node whose output only `neuron` needs, through others that vanish, and that runs as often as it does.
  bool vanishes(int index, int neuron) const {
    const bool constant = index < plan_.constant_nodes;
    return readers_[index] == 1 && constant == (neuron < plan_.constant_nodes);
  }
  bool is_source(int index, int neuron) const {
    const HostKernel* kernel = host_kernel_of(plan_.nodes[index]);
    const TileSource* source = kernel != nullptr ? kernel->tile_source() : nullptr;
    return vanishes(index, neuron) && source != nullptr &&
           source->sends_reals() == host_kernel_of(plan_.nodes[neuron])->tile_neuron()->takes_reals();
  }
  bool can_be_added(int index) const { return plan_.nodes[index].output.type == SignalType::int32; }

  void fuse_into(int neuron) {
    const int before = plan_.nodes[neuron].inputs.at(0);
    if (is_source(before, neuron)) {
      join(neuron, before, {});
    } else if (vanishes(before, neuron) && plan_.nodes[before].role == Role::join) {
      fuse_join(neuron, before);
    }
  }

  void fuse_join(int neuron, int add) {
    int source = -1;
    std::vector<int> others;
    for (const int input : plan_.nodes[add].inputs) {
      if (!can_be_added(input)) return;
      if (source < 0 && is_source(input, neuron)) {
        source = input;
      } else {
        others.push_back(input);
      }
    }
    if (source < 0) return;
    absorb(add);
    join(neuron, source, others);
  }

  std::unique_ptr<HostKernel> take_kernel(int index) {
    return std::unique_ptr<HostKernel>(dynamic_cast<HostKernel*>(plan_.nodes[index].kernel.release()));
  }

  // The kernel of a node that vanishes.
  std::unique_ptr<HostKernel> absorb(int index) {
    PlannedNode& node = plan_.nodes[index];
    node.inputs.clear();
    node.absorbed = true;
    return take_kernel(index);
  }

  void join(int neuron, int source, const std::vector<int>& others) {
    std::vector<int> inputs = plan_.nodes[source].inputs;
    std::vector<FusedAddend> addends;
    for (const int other : others) {
      const PlannedNode& node = plan_.nodes[other];
      const HostKernel* kernel = host_kernel_of(node);
      const bool added_directly =
          vanishes(other, neuron) && kernel != nullptr && kernel->tile_addend() != nullptr;
      inputs.push_back(added_directly ? node.inputs.at(0) : other);
      addends.push_back({added_directly ? absorb(other) : nullptr, node.output});
    }
    PlannedNode& node = plan_.nodes[neuron];
    node.kernel = make_fused(absorb(source), std::move(addends), take_kernel(neuron));
    node.inputs = std::move(inputs);
  }

  Plan& plan_;
  std::vector<int> readers_;
};

}  // namespace

void fuse(Plan& plan) { Fuser(plan).run(); }

}  // namespace rheobase

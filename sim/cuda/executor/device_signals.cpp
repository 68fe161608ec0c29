#include "sim/cuda/executor/device_signals.h"

#include "sim/device/buffer.h"

namespace rheobase::cuda {
namespace {

std::size_t state_bytes(const PlannedNode& node) {
  return Buffer::aligned(node.state.size * sizeof(std::uint32_t));
}

}  // namespace

DeviceSignals::DeviceSignals(const Plan& plan, int slots)
    : signals_(plan.nodes.size()), states_(plan.nodes.size()) {
  const auto allocate = [&](std::size_t bytes) {
    memory_.emplace_back(bytes * static_cast<std::size_t>(slots));
    return SignalView{memory_.back().data(), bytes, 1};
  };
  std::vector<SignalView> buffers;
  for (const PlannedBuffer& buffer : plan.buffers) buffers.push_back(allocate(buffer.bytes));
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const PlannedNode& node = plan.nodes[i];
    if (node.buffer >= 0) signals_[i] = buffers[node.buffer];
    if (node.state.size > 0) states_[i] = allocate(state_bytes(node));
  }
}

std::size_t DeviceSignals::bytes(const Plan& plan) {
  std::size_t bytes = 0;
  for (const PlannedBuffer& buffer : plan.buffers) bytes += buffer.bytes;
  for (const PlannedNode& node : plan.nodes) bytes += state_bytes(node);
  return bytes;
}

}  // namespace rheobase::cuda

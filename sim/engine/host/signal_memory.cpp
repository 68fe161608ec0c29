#include "sim/engine/host/signal_memory.h"

#include <cstring>

namespace rheobase {
namespace {

void fill(std::byte* state, const InitialState& initial) {
  const std::size_t bytes = initial.row.size() * sizeof(std::uint32_t);
  for (std::size_t word = 0; word < initial.size; word += initial.row.size(), state += bytes)
    std::memcpy(state, initial.row.data(), bytes);
}

}  // namespace

SignalMemory::SignalMemory(const Plan& plan, int slots, int lookahead) : plan_(plan), lookahead_(lookahead) {
  for (const PlannedBuffer& buffer : plan.buffers)
    buffers_.emplace_back(buffer.bytes * (buffer.constant ? slots : slots * lookahead));
  for (const PlannedNode& node : plan.nodes) {
    SignalView state;
    if (node.state.size > 0) {
      state.entry_bytes = Buffer::aligned(node.state.size * sizeof(std::uint32_t));
      state.lanes_per_entry = lookahead;
      state_buffers_.emplace_back(state.entry_bytes * slots);
      state.data = state_buffers_.back().data();
    }
    state_.push_back(state);
  }
}

SignalView SignalMemory::signal(int node) const {
  const int buffer = plan_.nodes[node].buffer;
  const PlannedBuffer& planned = plan_.buffers[buffer];
  return {buffers_[buffer].data(), planned.bytes, planned.constant ? lookahead_ : 1};
}

void SignalMemory::start(int slot) const {
  for (std::size_t i = 0; i < state_.size(); ++i) {
    if (state_[i].entry_bytes > 0) fill(state_[i].entry(slot * lookahead_), plan_.nodes[i].state);
  }
}

}  // namespace rheobase

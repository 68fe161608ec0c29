#pragma once

#include <vector>

#include "sim/device/buffer.h"
#include "sim/engine/plan.h"

namespace rheobase {

/// Host memory for the signals and states of a plan's nodes.
class SignalMemory {
 public:
  SignalMemory(const Plan& plan, int slots, int lookahead);

  SignalView signal(int node) const;
  const SignalView& state(int node) const { return state_[node]; }
  /// Puts every state of a slot to t = 0.
  void start(int slot) const;

 private:
  const Plan& plan_;
  int lookahead_;
  std::vector<Buffer> buffers_;        // signals, by Plan::buffers
  std::vector<Buffer> state_buffers_;  // of the nodes that have state
  std::vector<SignalView> state_;      // by node
};

}  // namespace rheobase

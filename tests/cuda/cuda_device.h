#pragma once

#include <optional>
#include <string>
#include <vector>

#include "neurons/if_cuda.h"
#include "sim/cuda/executor/cuda_executor.h"
#include "tests/support/build_graph.h"
#if defined(RHEOBASE_CUDA_EMULATED)
#include "tests/cuda/shim/emulator.h"
#endif

namespace rheobase::testing {

/// Every op and kernel of the library, and the device cuda.
inline Registry registry_with_cuda() {
  Registry registry = full_registry();
  register_cuda(registry);
  register_cuda_neurons(registry);
  return registry;
}

#if defined(RHEOBASE_CUDA_EMULATED)
/// How the next work is ordered.
using DeviceOrder = emulator::Options;

/// Sets the emulator's options until it is destroyed.
class SetOrder {
 public:
  explicit SetOrder(const DeviceOrder& order) : before_(emulator::options()) { emulator::options() = order; }
  ~SetOrder() { emulator::options() = before_; }
  SetOrder(const SetOrder&) = delete;
  SetOrder& operator=(const SetOrder&) = delete;

 private:
  DeviceOrder before_;
};

/// Orders of threads and blocks that every result must survive.
inline std::vector<DeviceOrder> orders() {
  std::vector<DeviceOrder> all(5);
  all[1].order = emulator::Order::descending;
  all[2].order = all[3].order = all[4].order = emulator::Order::random;
  all[3].seed = 2;
  all[4].seed = 3;
  return all;
}

/// One with few blocks, so that they loop.
inline DeviceOrder few_blocks() {
  DeviceOrder order;
  order.processors = 1;
  return order;
}

inline std::string describe(const DeviceOrder& order) {
  const char* const names[] = {"ascending", "descending", "random"};
  return std::string("threads and blocks ") + names[static_cast<int>(order.order)] + ", seed " +
         std::to_string(order.seed);
}
#else
/// A GPU orders its work itself.
struct DeviceOrder {};
struct SetOrder {
  explicit SetOrder(const DeviceOrder& /*order*/) {}
};
inline std::vector<DeviceOrder> orders() { return {{}}; }
inline DeviceOrder few_blocks() { return {}; }
inline std::string describe(const DeviceOrder& /*order*/) { return "on the GPU"; }
#endif

}  // namespace rheobase::testing

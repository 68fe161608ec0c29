// Tests that need a GPU say so where there is none, and what is missing.
#include <gtest/gtest.h>

#include <iostream>

#include "sim/device/cuda_info.h"

namespace rheobase {
namespace {

class NeedsGpu : public ::testing::Environment {
 public:
  void SetUp() override {
    const DeviceInfo info = cuda_info();
    if (info.available) return;
    std::cout << "[  SKIPPED ] needs a GPU: " << info.description << '\n';  // what ctest looks for
    GTEST_SKIP();
  }
};

const auto* const environment = ::testing::AddGlobalTestEnvironment(new NeedsGpu);

}  // namespace
}  // namespace rheobase

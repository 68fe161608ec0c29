// The emulator shows what it is for: work that is not ordered by barriers, and warps that diverge.
#include <cuda_runtime.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/cuda/cuda_device.h"

namespace rheobase {
namespace {

using ::testing::HasSubstr;

// Threads hand numbers on through shared memory, with a barrier or without.
std::vector<int> reversed(bool barrier) {
  std::vector<int> out(64);
  emulator::run_grid({1, 1, 1}, {64, 1, 1}, 64 * sizeof(int), [&] {
    auto* shared = reinterpret_cast<int*>(emulator::dynamic_shared());
    shared[threadIdx.x] = static_cast<int>(threadIdx.x);
    if (barrier) __syncthreads();
    out[threadIdx.x] = shared[63 - threadIdx.x];
  });
  return out;
}

TEST(Emulator, AMissingBarrierGivesAWrongResultInEveryOrder) {
  std::vector<int> expected(64);
  std::iota(expected.rbegin(), expected.rend(), 0);
  for (const testing::DeviceOrder& order : testing::orders()) {
    const testing::SetOrder set(order);
    EXPECT_EQ(reversed(true), expected) << testing::describe(order);
#if !defined(RHEOBASE_TSAN)  // which says so, too
    EXPECT_NE(reversed(false), expected) << testing::describe(order);
#endif
  }
}

std::string fault_of(const std::function<void()>& body) {
  try {
    emulator::run_grid({1, 1, 1}, {64, 1, 1}, 0, body);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(Emulator, ReportsWarpsThatDivergeAndThreadsThatWaitForNobody) {
  EXPECT_THAT(fault_of([] {
                if (threadIdx.x % 2 == 0) __shfl_xor_sync(0xffffffffU, 1, 1);
                if (threadIdx.x % 2 == 1) __ballot_sync(0xffffffffU, 1);
              }),
              HasSubstr("lanes of a warp meet in different operations"));
  EXPECT_THAT(fault_of([] {
                if (threadIdx.x == 0) __ballot_sync(0xffffffffU, 1);
              }),
              HasSubstr("deadlock: of 1 threads 0 wait at a barrier and 1 for lanes"));
  EXPECT_THAT(fault_of([] {
                if (threadIdx.x != 5) __ballot_sync(1, 1);
              }),
              HasSubstr("a lane outside of its mask"));
}

}  // namespace
}  // namespace rheobase

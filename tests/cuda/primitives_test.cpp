// The instructions that kernels are made of do what the emulator says they do: the first thing to know of a
// GPU.
#include "tests/cuda/primitives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace rheobase {
namespace {

TEST(CudaPrimitives, TheMatrixInstructionMultipliesInTheLayoutOfPtx) {
  std::mt19937 random(1);
  std::vector<std::int8_t> a(16 * 32), b(32 * 32);
  std::vector<std::int32_t> c(16 * 32);
  for (auto* bytes : {&a, &b})
    for (std::int8_t& x : *bytes) x = static_cast<std::int8_t>(random());
  a[0] = b[0] = -128;
  for (std::int32_t& x : c) x = static_cast<std::int32_t>(random() % 100000) - 50000;
  std::vector<std::int32_t> expected = c;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 32; ++x)
      for (int k = 0; k < 32; ++k) expected[y * 32 + x] += a[y * 32 + k] * b[k * 32 + x];
  EXPECT_EQ(testing::multiply_on_device(a, b, c), expected);
}

TEST(CudaPrimitives, AWarpAddsUpNumbersOf64Bits) {
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> numbers(32);
  for (std::uint64_t& x : numbers) x = random();
  const std::uint64_t sum = std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
  EXPECT_THAT(testing::sums_on_device(numbers), ::testing::Each(sum));
}

TEST(CudaPrimitives, SharedMemoryHandsNumbersOn) {
  std::vector<std::int32_t> numbers(128);
  std::iota(numbers.begin(), numbers.end(), 1);
  EXPECT_EQ(testing::reversed_on_device(numbers),
            std::vector<std::int32_t>(numbers.rbegin(), numbers.rend()));
}

}  // namespace
}  // namespace rheobase

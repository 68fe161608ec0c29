// Sums of weight rows are exact on every SIMD target, whatever the bytes and however many there are.
#include "sim/op/synapse/fixed_rows.h"

#include <gtest/gtest.h>
#include <hwy/aligned_allocator.h>

#include <functional>
#include <random>

#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

// Weights of some rows as the kernel reads them, and as numbers: weight(row) is asked for every column.
struct Rows {
  Rows(std::int64_t count, std::int64_t width, const std::function<int(std::int64_t)>& weight)
      : count(count),
        width(width),
        bytes(hwy::AllocateAligned<std::uint8_t>(count * width)),
        weights(count * width) {
    for (std::int64_t i = 0; i < count * width; ++i) {
      weights[i] = weight(i / width);
      bytes[i / width * width + event_byte(width, i % width)] = event_value(weights[i]);
    }
  }
  std::int64_t count, width;
  hwy::AlignedFreeUniquePtr<std::uint8_t[]> bytes;
  std::vector<std::int32_t> weights;
};

// Around the numbers of rows after which 16-bit sums are widened.
const std::vector<std::int64_t> lengths = {0, 8, 16, 160, 168, 176, 336, 344, 1000};

// Adds rows in order, again and again.
void expect_exact_sums(const Rows& rows) {
  const std::int64_t width = rows.width;
  std::vector<std::uint16_t> events;
  std::vector<std::uint32_t> first{0};
  std::vector<std::int32_t> start(width), expected;
  for (std::int64_t c = 0; c < width; ++c) start[c] = static_cast<std::int32_t>(1000 * c - 70000);
  for (const std::int64_t length : lengths) {
    expected.insert(expected.end(), start.begin(), start.end());
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t row = i % rows.count;
      events.push_back(event_number(row));
      for (std::int64_t c = 0; c < width; ++c)
        expected[expected.size() - width + c] += rows.weights[row * width + c];
    }
    first.push_back(static_cast<std::uint32_t>(events.size()));
  }
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    std::vector<std::int32_t> sums(expected.size());
    sum_events({rows.bytes.get(), width}, {events.data(), first.data()}, std::ssize(lengths), start.data(),
               sums.data());
    EXPECT_EQ(sums, expected) << "width " << width << ", " << hwy::TargetName(target);
  }
}

TEST(SumEvents, IsExactForRandomWeights) {
  for (const std::int64_t width : {16, 32, 64}) {
    std::mt19937 random(3);
    expect_exact_sums(Rows(101, width, [&](std::int64_t) { return static_cast<int>(random() % 255) - 127; }));
  }
}

TEST(SumEvents, IsExactForTheLargestWeights) {
  for (const std::int64_t width : {16, 32, 64}) {
    for (const int weight : {-127, 127})
      expect_exact_sums(Rows(3, width, [&](std::int64_t) { return weight; }));
  }
}

// All seven means of these eight rows round up.
TEST(SumEvents, IsExactWhereEveryMeanRounds) {
  constexpr int weights[] = {0, 1, 1, 2, 1, 2, 2, 3};
  for (const std::int64_t width : {16, 32, 64}) {
    for (const int base : {-127, 1, 124})
      expect_exact_sums(Rows(8, width, [&](std::int64_t row) { return base + weights[row]; }));
  }
}

}  // namespace
}  // namespace rheobase

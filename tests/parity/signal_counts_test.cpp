// What is counted of signals is exact on every SIMD target, however channels and vectors fit.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "sim/op/host/number_activity.h"
#include "sim/op/host/spike_bits.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

struct Shape {
  std::int64_t pixels, channels;
};
// Channels that divide vectors, that vectors divide, and neither; more rounds than 8 and 16 bits count.
const std::vector<Shape> shapes = {{1, 1},   {1, 5},    {7, 3},    {300, 1},   {257, 16},
                                   {3, 24},  {600, 32}, {31, 33},  {19, 64},   {13, 144},
                                   {2, 200}, {1, 1000}, {510, 70}, {70000, 2}, {140000, 1}};

template <class Number>
std::vector<Number> sparse_numbers(const Shape& shape, std::initializer_list<int> values) {
  std::mt19937 random(5);
  std::vector<Number> numbers(shape.pixels * shape.channels);
  for (Number& number : numbers)
    number = random() % 3 == 0 ? Number{0} : static_cast<Number>(values.begin()[random() % values.size()]);
  return numbers;
}

std::vector<std::uint32_t> expected_counts(const Shape& shape,
                                           const std::function<bool(std::int64_t)>& active) {
  std::vector<std::uint32_t> counts(shape.channels, 7);  // what was counted before
  for (std::int64_t i = 0; i < shape.pixels * shape.channels; ++i)
    counts[i % shape.channels] += active(i) ? 1 : 0;
  return counts;
}

template <class Number>
class SignalCounts : public ::testing::Test {};
using Numbers = ::testing::Types<float, std::int16_t, std::int32_t>;
TYPED_TEST_SUITE(SignalCounts, Numbers);

TYPED_TEST(SignalCounts, OfEveryChannelAreExact) {
  for (const Shape& shape : shapes) {
    const auto numbers = sparse_numbers<TypeParam>(shape, {-3, 1, 2});
    const auto expected = expected_counts(shape, [&](std::int64_t i) { return numbers[i] != TypeParam{0}; });
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      std::vector<std::uint32_t> counts(shape.channels, 7);
      count_by_channel(numbers.data(), shape.pixels, shape.channels, counts.data());
      EXPECT_EQ(counts, expected) << shape.pixels << "x" << shape.channels << ", " << hwy::TargetName(target);
    }
  }
}

TYPED_TEST(SignalCounts, AreOfUnitsWhereNoValueIsAnother) {
  for (const Shape& shape : shapes) {
    auto numbers = sparse_numbers<TypeParam>(shape, {-2, 2});
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      const auto size = static_cast<std::int64_t>(numbers.size());
      EXPECT_TRUE(is_unit(numbers.data(), size, TypeParam{2}));
      for (const std::int64_t place : {std::int64_t{0}, size / 2, size - 1}) {
        if (size == 0) continue;
        const TypeParam before = std::exchange(numbers[place], TypeParam{1});
        EXPECT_FALSE(is_unit(numbers.data(), size, TypeParam{2})) << place << " of " << size;
        numbers[place] = before;
      }
    }
  }
}

TEST(SpikeCounts, OfSpikesAreExact) {
  for (const Shape& shape : shapes) {
    const std::int64_t words = (shape.channels + 63) / 64;
    std::vector<std::uint64_t> bits(shape.pixels * words);
    const auto numbers = sparse_numbers<std::int16_t>(shape, {1});
    for (std::int64_t i = 0; i < std::ssize(numbers); ++i) {
      const std::int64_t c = i % shape.channels;
      bits[i / shape.channels * words + c / 64] |= static_cast<std::uint64_t>(numbers[i]) << (c % 64);
    }
    auto expected = expected_counts(shape, [&](std::int64_t i) { return numbers[i] != 0; });
    expected.resize(words * 64, 7);
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      std::vector<std::uint32_t> counts(words * 64, 7);
      count_by_channel(bits.data(), shape.pixels, words, counts.data());
      EXPECT_EQ(counts, expected) << shape.pixels << "x" << shape.channels << ", " << hwy::TargetName(target);
    }
  }
}

TEST(SpikeCounts, SpikesAreSpreadAsBytes) {
  for (const Shape& shape : shapes) {
    const std::int64_t words = (shape.channels + 63) / 64;
    std::vector<std::uint64_t> bits(shape.pixels * words);
    const auto numbers = sparse_numbers<std::uint8_t>(shape, {1});
    for (std::int64_t i = 0; i < std::ssize(numbers); ++i) {
      const std::int64_t c = i % shape.channels;
      bits[i / shape.channels * words + c / 64] |= static_cast<std::uint64_t>(numbers[i]) << (c % 64);
    }
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      std::vector<std::uint8_t> bytes(numbers.size() + 63);
      spread_spikes({bits.data(), words, shape.pixels, shape.channels}, bytes.data());
      bytes.resize(numbers.size());
      EXPECT_EQ(bytes, numbers) << shape.pixels << "x" << shape.channels << ", " << hwy::TargetName(target);
    }
  }
}

}  // namespace
}  // namespace rheobase

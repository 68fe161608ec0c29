#include "converters/passes/thresholds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sim/core/error.h"

namespace rheobase {
namespace {

std::vector<float> normal_values(float mean, float deviation) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values;
  for (int i = 0; i < 4000; ++i) values.push_back(normal(random));
  return values;
}

// From its definition, in double.
double mean_squared_error(const std::vector<float>& values, double threshold, double levels) {
  double sum = 0.0;
  for (const float value : values) {
    const double z = std::max(0.0, static_cast<double>(value));
    const double q = std::min(std::floor(levels * z / threshold + 0.5), levels) / levels;
    sum += (z - threshold * q) * (z - threshold * q);
  }
  return sum / static_cast<double>(values.size());
}

TEST(Thresholds, LeastSquaresIsAsGoodAsAFinerGridSearch) {
  const std::vector<float> values = normal_values(0.3F, 1.0F);
  const double largest = *std::max_element(values.begin(), values.end());
  for (const std::int64_t levels : {1, 2, 4, 8, 32}) {
    double least = 1e9;
    for (int i = 1; i <= 1000; ++i)
      least = std::min(least, mean_squared_error(values, largest * i / 1000.0, static_cast<double>(levels)));
    const double found = least_squares_threshold(values, largest, levels);
    EXPECT_LT(mean_squared_error(values, found, static_cast<double>(levels)), 1.02 * least)
        << levels << " levels";
  }
}

TEST(Thresholds, FewLevelsClipMore) {
  const std::vector<float> values = normal_values(0.0F, 1.0F);
  const double largest = *std::max_element(values.begin(), values.end());
  EXPECT_LT(least_squares_threshold(values, largest, 4), least_squares_threshold(values, largest, 64));
}

TEST(Thresholds, FollowTheRuleOfTheirChannel) {
  const ActivationSamples samples{"relu", {4.0F, 8.0F}, {{1, 2, 3, 4, -9}, {2, 4, 6, 8, -9}}};
  EXPECT_EQ(find_thresholds(samples, parse_threshold_rule("max"), 8), (std::vector<float>{4, 8}));
  EXPECT_EQ(find_thresholds(samples, parse_threshold_rule("75%"), 8), (std::vector<float>{3, 6}));
}

TEST(Thresholds, SilentChannelsTakeTheMedianOfTheirLayer) {
  const ActivationSamples samples{"relu", {-1.0F, 3.0F, 5.0F, 9.0F}, {{-1}, {3}, {5}, {9}}};
  EXPECT_EQ(find_thresholds(samples, parse_threshold_rule("max"), 8), (std::vector<float>{5, 3, 5, 9}));
  const ActivationSamples silent{"relu", {0.0F, -2.0F}, {{0}, {-2}}};
  EXPECT_EQ(find_thresholds(silent, parse_threshold_rule("mse"), 8), (std::vector<float>{1, 1}));
}

// The largest value is known of all places, the others of some.
TEST(Thresholds, AChannelThatIsActiveWhereNobodyLookedHasItsLargestValue) {
  const ActivationSamples samples{"relu", {2.5F}, {{-1, -1}}};
  EXPECT_EQ(find_thresholds(samples, parse_threshold_rule("99%"), 8), (std::vector<float>{2.5F}));
}

TEST(Thresholds, RulesAreMaxMseLtbAndPercentiles) {
  EXPECT_EQ(to_string(parse_threshold_rule("ltb")), "ltb");
  EXPECT_EQ(to_string(parse_threshold_rule("99.9%")), "99.9%");
  for (const char* text : {"", "0%", "101%", "99", "99%%", "LTB", "nan%"})
    EXPECT_THROW(parse_threshold_rule(text), InputError) << text;
}

TEST(Thresholds, ManyLevelsCountAsManyAsMatter) {
  EXPECT_EQ(reachable_levels(SpikingMethod::signed_if, 1, 8), 8);
  EXPECT_EQ(reachable_levels(SpikingMethod::multi_threshold, 4, 2), 32);
  EXPECT_EQ(reachable_levels(SpikingMethod::sigma_delta, 8, 8), 128);
}

}  // namespace
}  // namespace rheobase

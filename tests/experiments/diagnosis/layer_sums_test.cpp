// Worked out by hand.
#include "experiments/diagnosis/layer_sums.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace rheobase {
namespace {

TEST(LayerSums, AreWhatTheyAreCalled) {
  // Two steps; events of 1 or 2. Neurons: exact, saturated and below, silent though active, inactive.
  const std::vector<float> activation{2, 5, 1, 0}, decoded{2, 4, 0, 1}, of_current{2, 6, 2, 1};
  const std::vector<std::uint16_t> events{2, 2, 0, 1};
  const std::vector<float> least{1, 2, 0, 0};
  LayerSums sums;
  sums.add({activation, decoded, of_current, events, least, 2}, 2);
  const LayerError error = sums.result(2);
  EXPECT_DOUBLE_EQ(sums.rms(), std::sqrt(30.0 / 4.0));
  EXPECT_DOUBLE_EQ(error.mean_error, -1.0 / 4.0);
  EXPECT_DOUBLE_EQ(error.error, std::sqrt(3.0 / 30.0));
  EXPECT_DOUBLE_EQ(error.own_error, std::sqrt(8.0 / 30.0));
  EXPECT_DOUBLE_EQ(error.clipped, 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(error.silent, 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(error.saturated, 1.0 / 4.0);
  EXPECT_DOUBLE_EQ(error.events, 5.0 / 4.0);
  EXPECT_DOUBLE_EQ(error.clipping, 0.5);
  EXPECT_DOUBLE_EQ(error.silence, 0.5);
  // Means 2 and 7/4: covariance 24/4 - 14/4, variances 30/4 - 4 and 21/4 - 49/16.
  EXPECT_NEAR(error.correlation, 2.5 / std::sqrt(3.5 * 35.0 / 16.0), 1e-12);
}

TEST(LayerSums, TheLargestEventIsThatOfAllSamples) {
  const std::array<float, 1> activation{9}, decoded{1}, of_current{9};
  const std::array<std::uint16_t, 1> events{1};
  const auto sample = [&](const float& event) {
    return LayerSample{activation, decoded, of_current, events, {&event, 1}, event};
  };
  const std::array<float, 3> orders[] = {{1, 4, 4}, {4, 1, 4}, {4, 4, 1}};
  for (const std::array<float, 3>& order : orders) {
    LayerSums sums;
    for (const float& event : order) sums.add(sample(event), 1);
    EXPECT_DOUBLE_EQ(sums.result(1).saturated, 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(sums.result(1).clipped, 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(sums.result(1).clipping, 2.0 / 3.0);
  }
}

TEST(PairSums, HaveNoCorrelationWhereNothingVaries) {
  PairSums sums;
  for (int i = 0; i < 1000; ++i) sums.add(0.1, i);
  EXPECT_TRUE(std::isnan(sums.correlation()));
}

}  // namespace
}  // namespace rheobase

#include "neurons/if.h"

#include <gtest/gtest.h>

#include <random>

#include "neurons/if_step.h"
#include "neurons/qcfs_step.h"

namespace rheobase {
namespace {

TEST(If, FiresAtTheThresholdAndSubtractsIt) {
  float v = 0.5F;
  EXPECT_FALSE(if_step(v, 0.25F, 1.0F, Reset::subtract, 0.0F));
  EXPECT_EQ(v, 0.75F);
  EXPECT_TRUE(if_step(v, 0.25F, 1.0F, Reset::subtract, 0.0F));  // v == v_threshold fires
  EXPECT_EQ(v, 0.0F);
  EXPECT_TRUE(if_step(v, 2.5F, 1.0F, Reset::subtract, 0.0F));  // one spike a step, the rest is kept
  EXPECT_EQ(v, 1.5F);
}

TEST(If, ResetsAsAsked) {
  float hard = 0.0F;
  EXPECT_TRUE(if_step(hard, 2.5F, 1.0F, Reset::zero, -0.25F));
  EXPECT_EQ(hard, -0.25F);
  float none = 0.0F;
  EXPECT_TRUE(if_step(none, 2.5F, 1.0F, Reset::none, 0.0F));
  EXPECT_EQ(none, 2.5F);
}

// Spikes of T steps of constant input, from v_init = threshold / 2.
int spikes(float x, int steps) {
  float v = 0.5F;
  int count = 0;
  for (int t = 0; t < steps; ++t) count += if_step(v, x, 1.0F, Reset::subtract, 0.0F) ? 1 : 0;
  return count;
}

// Bu et al., ICLR 2022: with T = L, v_init = theta/2 and constant input the firing rate is the QCFS
// activation.
TEST(If, EqualsQcfsForConstantInputIncludingTies) {
  for (const int L : {2, 4, 8}) {
    for (int k = -8 * L; k <= 16 * L; ++k) {
      const float x = static_cast<float>(k) / static_cast<float>(8 * L);  // exact in float32, ties included
      EXPECT_EQ(static_cast<float>(spikes(x, L)) / static_cast<float>(L),
                qcfs_step(x, 1.0F, static_cast<float>(L)))
          << "x = " << x << ", L = " << L;
    }
  }
}

// Bu et al., theorem 2: for T != L the error against the ANN has zero mean over uniform inputs.
TEST(If, ErrorAgainstTheAnnHasZeroMean) {
  for (const auto& [T, L] : {std::pair(2, 4), {8, 4}, {16, 4}, {3, 8}}) {
    double error = 0;
    constexpr int points = 1 << 16;
    for (int i = 0; i < points; ++i) {
      const float x = (static_cast<float>(i) + 0.5F) / points;
      error += static_cast<double>(spikes(x, T)) / T - qcfs_step(x, 1.0F, static_cast<float>(L));
    }
    EXPECT_NEAR(error / points, 0.0, 1e-3) << T << " steps, " << L << " levels";
  }
}

TEST(Qcfs, IsClipFloorShift) {
  EXPECT_EQ(qcfs_step(-3.0F, 2.0F, 4.0F), 0.0F);
  EXPECT_EQ(qcfs_step(0.24F, 2.0F, 4.0F), 0.0F);
  EXPECT_EQ(qcfs_step(0.25F, 2.0F, 4.0F), 0.5F);  // the tie rounds up
  EXPECT_EQ(qcfs_step(1.0F, 2.0F, 4.0F), 1.0F);
  EXPECT_EQ(qcfs_step(1.7F, 2.0F, 4.0F), 1.5F);
  EXPECT_EQ(qcfs_step(9.0F, 2.0F, 4.0F), 2.0F);
}

}  // namespace
}  // namespace rheobase

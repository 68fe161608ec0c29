// Optimisers against steps worked out by hand, learning rates at their corners.
#include "binarize/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/core/error.h"

namespace rheobase {
namespace {

struct OneWeight {
  explicit OneWeight(float value) : tensor(scalar_tensor(value)), parameter{"w", &tensor, {0.0F}} {}
  float step(Optimizer& optimizer, float gradient, double rate) {
    parameter.gradient[0] = gradient;
    optimizer.step(rate);
    return tensor.reals()[0];
  }
  Tensor tensor;
  Parameter parameter;
};

TEST(Optimizer, SgdAddsDecayToTheGradientAndMomentumToTheStep) {
  OneWeight w(1.0F);
  Optimizer sgd({.name = "sgd", .momentum = 0.5, .weight_decay = 0.1}, {&w.parameter});
  EXPECT_FLOAT_EQ(w.step(sgd, 0.4F, 0.2), 1.0F - 0.2F * 0.5F);     // v = 0.4 + 0.1
  EXPECT_FLOAT_EQ(w.step(sgd, -0.09F, 0.2), 0.9F - 0.2F * 0.25F);  // v = 0.25 - 0.09 + 0.09
}

TEST(Optimizer, AdamStepsByTheRateAtFirst) {
  OneWeight w(1.0F);
  Optimizer adam({.name = "adam"}, {&w.parameter});
  EXPECT_NEAR(w.step(adam, 0.3F, 0.01), 0.99, 1e-6);
  // m = 0.09 * 0.3 - 0.1 * 0.1 = 0.017 -> / 0.19; v = 0.00008991 + 0.00001 -> / 0.001999
  EXPECT_NEAR(w.step(adam, -0.1F, 0.01), 0.99 - 0.01 * (0.017 / 0.19) / std::sqrt(9.991e-5 / 0.001999), 1e-6);
}

TEST(Optimizer, StopsAtAParametersMinimum) {
  OneWeight w(0.01F);
  w.parameter.minimum = 0.001F;
  Optimizer sgd({}, {&w.parameter});
  EXPECT_EQ(w.step(sgd, 5.0F, 1.0), 0.001F);
}

TEST(Optimizer, LeavesWhatIsInfiniteToBeSeen) {
  OneWeight w(1.0F);
  Optimizer sgd({}, {&w.parameter});
  EXPECT_TRUE(std::isinf(w.step(sgd, INFINITY, 1.0)));
}

TEST(Optimizer, GoesOnFromItsState) {
  for (const char* name : {"sgd", "adam"}) {
    OneWeight a(1.0F), b(1.0F);
    Optimizer first({.name = name}, {&a.parameter});
    a.step(first, 0.4F, 0.1);
    b.tensor.reals()[0] = a.tensor.reals()[0];
    Optimizer second({.name = name}, {&b.parameter});
    second.set_state(first.state());
    EXPECT_EQ(a.step(first, 0.2F, 0.1), b.step(second, 0.2F, 0.1)) << name;
  }
  OneWeight w(1.0F);
  EXPECT_THROW(Optimizer({}, {&w.parameter}).set_state({}), InternalError);
}

TEST(Optimizer, NamesEverySettingOutOfRange) {
  try {
    Optimizer({.name = "sgdm", .momentum = 1.0, .weight_decay = -1.0}, {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.faults().size(), 3U) << error.what();
  }
}

TEST(LearningRate, RisesThenFallsAsItsScheduleSays) {
  const LearningRate cosine{.schedule = "cosine", .rate = 0.1, .warm_up = 2};
  EXPECT_DOUBLE_EQ(cosine.at(0, 12), 0.0);
  EXPECT_DOUBLE_EQ(cosine.at(1, 12), 0.05);
  EXPECT_DOUBLE_EQ(cosine.at(2, 12), 0.1);
  EXPECT_NEAR(cosine.at(7, 12), 0.05, 1e-12);
  EXPECT_NEAR(cosine.at(12, 12), 0.0, 1e-12);
  const LearningRate step{.schedule = "step", .rate = 1.0, .milestones = {3, 6}, .gamma = 0.1};
  EXPECT_DOUBLE_EQ(step.at(2.9, 9), 1.0);
  EXPECT_DOUBLE_EQ(step.at(3, 9), 0.1);
  EXPECT_NEAR(step.at(6, 9), 0.01, 1e-15);
  EXPECT_DOUBLE_EQ((LearningRate{.schedule = "constant", .rate = 0.3}).at(5, 9), 0.3);
}

TEST(LearningRate, RefusesWhatHasNoMeaning) {
  EXPECT_THROW((LearningRate{.schedule = "linear"}).check(10), InputError);
  EXPECT_THROW((LearningRate{.rate = 0}).check(10), InputError);
  EXPECT_THROW((LearningRate{.warm_up = 10}).check(10), InputError);
  EXPECT_THROW((LearningRate{.rate = INFINITY}).check(10), InputError);
  EXPECT_THROW((LearningRate{.milestones = {3, 2}}).check(10), InputError);
  EXPECT_THROW((LearningRate{.schedule = "step"}).check(10), InputError);
  EXPECT_THROW((LearningRate{.schedule = "step", .milestones = {3, 10}}).check(10), InputError);
  EXPECT_NO_THROW((LearningRate{.schedule = "step", .milestones = {3, 9.5}}).check(10));
}

}  // namespace
}  // namespace rheobase

// The family of sign estimators against the values their papers' formulas give.
#include "binarize/estimators/estimator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "binarize/estimators/equations.h"
#include "binarize/estimators/indicators.h"
#include "binarize/estimators/smooth_equations.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

using estimators::ReSTE;

void expect_slopes(const auto& equation, std::vector<double> x, std::vector<double> expected) {
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(equation.slope(x[i]), expected[i], 6e-5) << x[i];
}

TEST(ReSTE, HasTheSlopesOfItsDefinition) {
  const std::vector<double> x{0, 0.1, 0.3, 0.5, 1, 1.5, 1.6};
  ReSTE<double> reste;
  reste.o = 3;
  expect_slopes(reste, x, {4.6416, 4.6416, 0.7438, 0.5291, 0.3333, 0.2544, 0});
  reste.o = 2;
  expect_slopes(reste, x, {3.1623, 3.1623, 0.9129, 0.7071, 0.5, 0.4082, 0});
  reste.o = 1;
  expect_slopes(reste, x, {1, 1, 1, 1, 1, 1, 0});
}

TEST(ReSTE, FollowsTheAuthorsSlowStartSchedule) {
  ReSTE<double> reste;
  const std::vector<std::pair<int, double>> expected{{0, 1.0},     {250, 1.152}, {500, 1.586},
                                                     {750, 2.235}, {900, 2.687}, {999, 2.997}};
  for (const auto& [epoch, o] : expected) {
    reste.at(epoch / 1000.0, SignRole::weights);
    EXPECT_NEAR(reste.o, o, 5e-4) << epoch;
  }
}

TEST(ReSTE, ErrsNeverMoreThanTheIdentityAndLessWithALargerExponent) {
  ReSTE<double> small, large;
  small.o = 1.5;
  large.o = 3;
  for (double x = -3; x <= 3; x += 0.01) {
    const double sign = x >= 0 ? 1 : -1;
    EXPECT_LE(std::abs(sign - small.value(x)), std::abs(sign - x) + 1e-12) << x;
    EXPECT_LE(std::abs(sign - large.value(x)), std::abs(sign - small.value(x)) + 1e-12) << x;
  }
}

TEST(Estimators, HaveThePublishedSlopes) {
  using namespace estimators;
  const std::vector<double> x{0, 0.5, 1};
  expect_slopes(Ede<double>{1, 1}, x, {1, 0.7864, 0.4200});
  expect_slopes(Ede<double>{10, 1}, x, {10, 0.0018, 0});
  expect_slopes(Rbnn<double>{1, 1}, x, {1.4142, 0.9142, 0.4142});
  expect_slopes(Dsq<double>{}, x, {1.3733, 1.0299, 0.4944});
  expect_slopes(ApproxSign<double>{}, x, {2, 1, 0});
  expect_slopes(AbSigmoid<double>{}, x, {1.5, 0.8949, 0.2711});
  expect_slopes(SignSwish<double>{}, x, {5, -0.0846, -0.1950});
  expect_slopes(Ste<double>{}, x, {1, 1, 1});
  expect_slopes(ClippedSte<double>{}, {0, 1, 1.001}, {1, 1, 0});
  const Fda<double> fda{1, 9};
  EXPECT_NEAR(fda.slope(0), 12.732, 5e-4);
  EXPECT_NEAR(fda.slope(0.5), -0.7224, 5e-5);
  EXPECT_NEAR(fda.slope(1), 0.6907, 5e-5);
}

TEST(Estimators, FollowTheirSchedules) {
  using namespace estimators;
  struct At {
    double r, ede_t, ede_k, rbnn_t, rbnn_k, active_t;
    int terms;
  };
  for (const At& expected : {At{0, 0.1, 10, 0.01, 100, 1, 9}, At{0.5, 1, 1, 0.3162278, 3.162278, 1, 14},
                             At{0.75, 3.162278, 1, 1.778279, 1, 1.778279, 16}, At{1, 10, 1, 10, 1, 10, 18}}) {
    Ede<double> ede;
    ede.at(expected.r, SignRole::weights);
    EXPECT_NEAR(ede.t, expected.ede_t, 1e-6) << expected.r;
    EXPECT_NEAR(ede.k, expected.ede_k, 1e-6) << expected.r;
    Rbnn<double> weights, activations;
    weights.at(expected.r, SignRole::weights);
    EXPECT_NEAR(weights.t, expected.rbnn_t, 1e-6) << expected.r;
    EXPECT_NEAR(weights.k, expected.rbnn_k, 1e-5) << expected.r;
    activations.at(expected.r, SignRole::activations);
    EXPECT_NEAR(activations.t, expected.active_t, 1e-6) << expected.r;
    EXPECT_EQ(activations.k, 1) << expected.r;
    Fda<double> fda;
    fda.at(expected.r, SignRole::weights);
    EXPECT_EQ(fda.n, expected.terms) << expected.r;
  }
}

TEST(Estimators, ApproxSignIsTheClippedIdentityOfWeights) {
  const auto weights = make_estimator({.name = "approx_sign"}, SignRole::weights);
  const auto activations = make_estimator({.name = "approx_sign"}, SignRole::activations);
  EXPECT_EQ(weights->slope(0.25), 1.0);
  EXPECT_EQ(activations->slope(0.25), 1.5);
}

TEST(Fda, EndsWhereTheWaveWouldFallAgain) {
  for (const double w : {0.5, 1.0, 4.0}) {
    const auto fda = make_estimator({.name = "fda", .w = w}, SignRole::activations);
    const double quarter = std::numbers::pi / 2 / w;
    EXPECT_NEAR(fda->slope(quarter - 1e-9), 0, 1e-4);
    EXPECT_EQ(fda->slope(2 * quarter), 0);
    EXPECT_EQ(fda->slope(-3 * quarter), 0);
    EXPECT_EQ(fda->surrogate(3 * quarter), fda->surrogate(quarter));
    EXPECT_NEAR(fda->surrogate(3 * quarter), 1, 0.05);
  }
  EXPECT_THROW(make_estimator({.name = "fda", .w = 0}, SignRole::weights), InputError);
}

TEST(Estimators, AreDerivativesOfTheirSurrogates) {
  constexpr double h = 1e-6;
  for (const EstimatorInfo& info : sign_estimators()) {
    for (const SignRole role : {SignRole::weights, SignRole::activations}) {
      const auto estimator = make_estimator({.name = info.name}, role);
      for (const double progress : {0.0, 0.3, 0.9}) {
        estimator->set_progress(progress);
        for (double x = -1.4567; x < 1.45; x += 0.0313) {
          if (info.name == "reste" && std::abs(x) < 0.1 + h) continue;  // the chord
          const double slope = (estimator->surrogate(x + h) - estimator->surrogate(x - h)) / (2 * h);
          EXPECT_NEAR(estimator->slope(x), slope, 1e-5 * (1 + std::abs(slope))) << info.name << " at " << x;
        }
      }
    }
  }
}

TEST(Estimators, BackwardIsTheSlopeTimesTheGradient) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> x{0.0F, -0.0F, 0.1F, -0.1F, 1.5F, -1.5F, 1.50001F, 1e-30F, 100.0F};
  while (x.size() < 1003) x.push_back(normal(random));
  std::vector<float> dy(x.size());
  for (float& value : dy) value = normal(random);
  for (const EstimatorInfo& info : sign_estimators()) {
    const auto estimator = make_estimator({.name = info.name}, SignRole::activations);
    for (const double progress : {0.0, 0.5, 1.0}) {
      estimator->set_progress(progress);
      std::vector<float> dx(x.size(), 1.0F);
      estimator->backward(x, dy, dx, false);
      estimator->backward(x, dy, dx, true);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (std::abs(std::abs(x[i]) - 1.5F) < 1e-5F || std::abs(std::abs(x[i]) - 0.1F) < 1e-5F) continue;
        const double expected = 2 * estimator->slope(x[i]) * dy[i];
        EXPECT_NEAR(dx[i], expected, 1e-4 * (0.1 + std::abs(expected))) << info.name << " at " << x[i];
      }
    }
  }
}

TEST(Estimators, AreFoundByNameOrNamed) {
  try {
    make_estimator({.name = "rste"}, SignRole::weights);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "estimator: 'rste': expected one of reste, ste, clipped_ste, approx_sign, sign_swish, dsq, ede, "
        "rbnn, fda, ab");
  }
  EXPECT_THROW(make_estimator({.name = "reste", .o_end = 0.5}, SignRole::weights), InputError);
  EXPECT_THROW(make_estimator({.name = "reste", .t = 0.05}, SignRole::weights), InputError);
}

TEST(Estimators, OnlyTheTwoThatNeedItStandardiseWeights) {
  for (const EstimatorInfo& info : sign_estimators())
    EXPECT_EQ(make_estimator({.name = info.name}, SignRole::weights)->standardizes_weights(),
              info.name == "ede" || info.name == "rbnn");
}

TEST(Sign, OfBothZerosIsPlusOne) {
  EXPECT_EQ(sign_of(0.0F), 1.0F);
  EXPECT_EQ(sign_of(-0.0F), 1.0F);
  EXPECT_EQ(sign_of(-1e-30F), -1.0F);
}

TEST(Indicators, AreTheNormOfTheErrorAndTheVarianceOfTheGradients) {
  const auto reste = make_estimator({}, SignRole::weights);
  reste->set_progress(1.0);  // o = 3: f(8) = 2, f(-0.125) = -0.5
  EXPECT_NEAR(estimating_error(*reste, std::vector<float>{8.0F, -0.125F}), std::sqrt(1.0 + 0.25), 1e-6);
  EXPECT_NEAR(gradient_instability(std::vector<float>{1.0F, -2.0F, 6.0F}), 7.0, 1e-12);
  EXPECT_EQ(gradient_instability(std::vector<float>{1.0F}), 0.0);
}

}  // namespace
}  // namespace rheobase

// Binary weights: what they are, their gradient, and where their error is measured.
#include "binarize/train/binary_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "binarize/train/network.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

// What the gradient of binary weights is the derivative of: sign by its surrogate, alpha's and sign's other
// uses held.
double surrogate_loss(const Tensor& w, const Tensor& at, const std::vector<float>& d, const SignEstimator& e,
                      bool per_channel) {
  const auto standardized = [&](const Tensor& t) {
    std::vector<double> u(t.reals().begin(), t.reals().end());
    if (!e.standardizes_weights()) return u;
    const std::size_t width = u.size() / t.shape[0];
    for (std::size_t first = 0; first < u.size(); first += width) {
      double mean = 0, square = 0;
      for (std::size_t i = first; i < first + width; ++i) mean += u[i] / width;
      for (std::size_t i = first; i < first + width; ++i) square += (u[i] - mean) * (u[i] - mean) / width;
      for (std::size_t i = first; i < first + width; ++i) u[i] = (u[i] - mean) / std::sqrt(square);
    }
    return u;
  };
  const std::vector<double> u = standardized(w), v = standardized(at);
  const std::size_t width = per_channel ? u.size() / w.shape[0] : u.size();
  double loss = 0;
  for (std::size_t first = 0; first < u.size(); first += width) {
    double alpha = 0, held = 0;
    for (std::size_t i = first; i < first + width; ++i) {
      alpha += std::abs(u[i]) / width;
      held += std::abs(v[i]) / width;
    }
    for (std::size_t i = first; i < first + width; ++i)
      loss += d[i] * (alpha * (v[i] >= 0 ? 1 : -1) + held * e.surrogate(u[i]));
  }
  return loss;
}

TEST(BinaryWeights, HaveTheGradientOfTheirSurrogateAndOfAlpha) {
  for (const char* name : {"reste", "approx_sign", "ede", "rbnn"}) {
    for (const bool per_channel : {false, true}) {
      GraphBuilder random(4);
      Tensor w = random.tensor({3, 2, 3, 3});
      for (float& value : w.reals()) value += value >= 0 ? 0.11F : -0.11F;  // beside ReSTE's chord
      const std::vector<float> d = random.tensor(w.shape).reals();
      const auto estimator = make_estimator({.name = name}, SignRole::weights);
      estimator->set_progress(0.5);
      BinaryWeights weights({.name = name}, per_channel);
      weights.set_progress(0.5);
      weights.binarized(w);
      std::vector<float> gradient(w.size());
      weights.gradient(w, d, gradient);
      for (std::size_t i = 0; i < w.size(); ++i) {
        Tensor above = w, below = w;
        above.reals()[i] += 1e-3F;
        below.reals()[i] -= 1e-3F;
        const double h = static_cast<double>(above.reals()[i]) - below.reals()[i];
        const double expected = (surrogate_loss(above, w, d, *estimator, per_channel) -
                                 surrogate_loss(below, w, d, *estimator, per_channel)) /
                                h;
        EXPECT_NEAR(gradient[i], expected, 2e-3 * (1 + std::abs(expected))) << name << per_channel;
      }
    }
  }
}

TEST(BinaryWeights, AreSignsTimesTheMeanMagnitude) {
  BinaryWeights layer({}, false), channel({}, true);
  const Tensor w{{2, 2}, {1.0F, -2.0F, 0.0F, -5.0F}};
  EXPECT_EQ(layer.binarized(w), (std::vector<float>{2, -2, 2, -2}));
  EXPECT_EQ(channel.binarized(w), (std::vector<float>{1.5, -1.5, 2.5, -2.5}));
}

// Errors of estimators that standardise are those of the standardised weights, which have no scale.
TEST(Training, MeasuresTheErrorWhereTheSignIsTaken) {
  const auto error = [](const char* estimator, float scale) {
    GraphBuilder b(5);
    Tensor weight = b.tensor({4, 6});
    for (float& value : weight.reals()) value *= scale;
    const std::string sign = b.add({"s", "Sign", {b.input({6})}, {}, {}});
    b.output(b.add({"binary", "BinaryLinear", {sign}, {}, {{"weight", std::move(weight)}}}));
    NetworkOptions options{.batch = 2, .threads = 1, .estimator = {.name = estimator}};
    return TrainingNetwork(std::move(b.graph), options, "").indicators().estimating_error;
  };
  for (const char* name : {"ede", "rbnn"}) EXPECT_NEAR(error(name, 1.0F), error(name, 0.125F), 1e-5) << name;
  EXPECT_GT(error("reste", 0.125F), 1.1 * error("reste", 1.0F));
}

}  // namespace
}  // namespace rheobase

// Gradients of training networks: by finite differences of the loss where it has them, by hand where a
// straight-through rule replaces them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "binarize/train/network.h"
#include "neurons/qcfs.h"
#include "neurons/sign.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;
using Ints = std::vector<std::int64_t>;

class Training {
 public:
  explicit Training(Graph graph, NetworkOptions options = {.batch = 6, .threads = 2, .estimator = {}})
      : network(std::move(graph), options, "test") {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (float& x : network.input()) x = normal(random);
    for (std::int64_t i = 0; i < options.batch; ++i)
      labels.push_back(static_cast<int>(random() % static_cast<std::uint32_t>(network.classes())));
  }

  double mean_loss() { return network.step(labels).loss / static_cast<double>(labels.size()); }

  // By central differences, for some of the parameter's numbers.
  void expect_gradients(float h = 4e-3F, double tolerance = 1e-2) {
    mean_loss();
    std::map<std::string, std::vector<float>> gradients;
    for (const Parameter* p : network.parameters()) gradients[p->name] = p->gradient;
    for (Parameter* p : network.parameters()) {
      double largest = 0.0;
      for (const float g : gradients[p->name]) largest = std::max<double>(largest, std::abs(g));
      for (std::size_t i = 0; i < p->value->size(); i += 1 + p->value->size() / 7) {
        float& value = p->value->reals()[i];
        const float before = value;
        value = before + h;
        const double above = mean_loss();
        value = before - h;
        const double below = mean_loss();
        value = before;
        const double expected = (above - below) / (2.0 * h);
        EXPECT_NEAR(gradients[p->name][i], expected, tolerance * largest + 2e-5) << p->name << " " << i;
      }
    }
  }

  std::vector<float>& gradient(const std::string& name) {
    for (Parameter* p : network.parameters()) {
      if (p->name == name) return p->gradient;
    }
    throw std::runtime_error(name);
  }

  TrainingNetwork network;
  std::vector<int> labels;
};

Node batch_norm(GraphBuilder& b, const std::string& from, std::int64_t channels) {
  Tensor ones{{channels}, std::vector<float>(channels, 1.0F)};
  return {"",
          "BatchNorm",
          {from},
          {},
          {{"weight", b.tensor({channels})},
           {"bias", b.tensor({channels})},
           {"running_mean", b.tensor({channels})},
           {"running_var", ones}}};
}

// An op between a convolution and a classifier.
void check(const std::function<std::string(GraphBuilder&, const std::string&)>& op, Shape image = {3, 7, 6},
           float h = 4e-3F) {
  GraphBuilder b(7);
  const std::string conv = b.conv2d(b.input(image), {.outputs = 4, .inputs = image[0]});
  const std::string flat = b.op("Flatten", {op(b, conv)});
  b.output(flat);
  const auto features = validate_or_throw(b.graph, testing::full_registry().schemas(), "").at(flat)[0];
  b.graph.nodes.pop_back();
  b.output(b.linear(flat, features, 5));
  Training(std::move(b.graph)).expect_gradients(h);
}

TEST(Gradients, OfConvolutionsAreThoseOfTheLoss) {
  check([](GraphBuilder& b, const std::string& f) {
    return b.conv2d(
        f, {.outputs = 6, .inputs = 4, .stride = {2, 1}, .padding = {0, 1, 2, 1}, .dilation = {1, 2}});
  });
  check([](GraphBuilder& b, const std::string& f) {
    return b.conv2d(f, {.outputs = 6, .inputs = 4, .kernel_h = 1, .kernel_w = 5, .groups = 2, .bias = false});
  });
}

TEST(Gradients, OfPoolsAreThoseOfTheLoss) {
  for (const char* op : {"AvgPool2d", "MaxPool2d"}) {
    check(
        [&](GraphBuilder& b, const std::string& f) {
          return b.add({"",
                        op,
                        {f},
                        {{"kernel", Ints{3, 2}},
                         {"stride", Ints{2, 2}},
                         {"padding", Ints{1, 0, 1, 1}},
                         {"ceil_mode", std::int64_t{1}}},
                        {}});
        },
        {3, 7, 6}, 1e-3F);
  }
  check([](GraphBuilder& b, const std::string& f) {
    return b.add({"",
                  "AvgPool2d",
                  {f},
                  {{"kernel", Ints{3, 3}},
                   {"stride", Ints{2, 2}},
                   {"padding", Ints{1, 1, 1, 1}},
                   {"count_include_pad", std::int64_t{1}}},
                  {}});
  });
}

TEST(Gradients, OfRectifiersAreThoseOfTheLoss) {
  check([](GraphBuilder& b, const std::string& f) { return b.op("ReLU", {f}); }, {3, 7, 6}, 1e-3F);
}

TEST(Gradients, OfJoinsAndShortcutsAreThoseOfTheLoss) {
  check([](GraphBuilder& b, const std::string& f) {
    const std::string twice = b.op("Add", {f, f, b.conv2d(f, {.outputs = 4, .inputs = 4})});
    const std::string half =
        b.add({"",
               "Slice",
               {twice},
               {{"start", Ints{0, 0, 1}}, {"stop", Ints{4, 7, 6}}, {"step", Ints{1, 2, 2}}},
               {}});
    return b.add({"", "Pad", {half}, {{"before", Ints{2, 0, 1}}, {"after", Ints{2, 1, 0}}}, {}});
  });
}

std::string feature_net(GraphBuilder& b, const std::string& image) {
  const std::string conv =
      b.add(batch_norm(b, b.conv2d(image, {.outputs = 4, .inputs = 3, .bias = false}), 4));
  const std::string prelu = b.add({"", "PReLU", {conv}, {}, {{"slope", b.tensor({4})}}});
  const std::string flat = b.op("Flatten", {b.avg_pool(prelu, 3)});
  return b.add(batch_norm(b, flat, 16));
}

TEST(Gradients, OfBatchNormAndPreluAreThoseOfTheLoss) {
  GraphBuilder b(2);
  b.output(b.linear(feature_net(b, b.input({3, 7, 6})), 16, 5));
  Training(std::move(b.graph), {.batch = 34, .threads = 2, .estimator = {}, .label_smoothing = 0.1})
      .expect_gradients(2e-3F);
}

TEST(Training, IsTheSameBitForBitOnAnyNumberOfThreads) {
  const auto gradients = [](int threads) {
    GraphBuilder b(2);
    b.output(b.linear(feature_net(b, b.input({3, 7, 6})), 16, 5));
    Training training(std::move(b.graph), {.batch = 32, .threads = threads, .estimator = {}});
    training.mean_loss();
    std::vector<float> all;
    for (const Parameter* p : training.network.parameters())
      all.insert(all.end(), p->gradient.begin(), p->gradient.end());
    return all;
  };
  EXPECT_EQ(gradients(1), gradients(2));
  EXPECT_EQ(gradients(1), gradients(5));
}

// Linear, activation, Linear: what the loss's gradient is by the activation's output and input, worked out
// here.
struct TwoLayers {
  explicit TwoLayers(const std::function<Node(const std::string&)>& activation, NetworkOptions options)
      : training(graph(activation), options) {
    training.mean_loss();
    for (const Node& node : training.network.graph().nodes) {
      if (node.op == "Linear" && first.reals().empty()) {
        first = node.tensors.at("weight");
        bias = node.tensors.at("bias");
      } else if (node.op == "Linear") {
        second = node.tensors.at("weight");
      }
    }
  }

  static Graph graph(const std::function<Node(const std::string&)>& activation) {
    GraphBuilder b(9);
    b.output(b.linear(b.add(activation(b.linear(b.input({5}), 5, 30))), 30, 4));
    return std::move(b.graph);
  }

  // Calls f(unit, input of the activation, dloss by its output, sample).
  void for_units(const auto& f) {
    const auto batch = training.network.options().batch;
    for (std::int64_t n = 0; n < batch; ++n) {
      const auto z = training.network.logits().subspan(n * 4, 4);
      double sum = 0;
      for (const float v : z) sum += std::exp(v);
      for (std::int64_t unit = 0; unit < 30; ++unit) {
        double x = bias.reals()[unit];
        for (int i = 0; i < 5; ++i) x += first.reals()[unit * 5 + i] * training.network.input()[n * 5 + i];
        double dy = 0;
        for (int k = 0; k < 4; ++k) {
          const double target = k == training.labels[n] ? 1 : 0;
          dy += second.reals()[k * 30 + unit] * (std::exp(z[k]) / sum - target) / static_cast<double>(batch);
        }
        f(unit, x, dy);
      }
    }
  }

  Training training;
  Tensor first, bias, second;
};

TEST(Gradients, GoThroughSignByTheEstimator) {
  for (const EstimatorInfo& info : sign_estimators()) {
    const EstimatorSettings settings{.name = info.name};
    TwoLayers net([](const std::string& from) { return sign_node("", from); },
                  {.batch = 8, .threads = 1, .estimator = settings});
    net.training.network.set_progress(0.5);
    net.training.mean_loss();
    const auto estimator = make_estimator(settings, SignRole::activations);
    estimator->set_progress(0.5);
    std::vector<double> expected(30, 0.0);
    net.for_units(
        [&](std::int64_t unit, double x, double dy) { expected[unit] += estimator->slope(x) * dy; });
    for (int unit = 0; unit < 30; ++unit)
      EXPECT_NEAR(net.training.gradient("Linear1.bias")[unit], expected[unit], 1e-5) << info.name;
  }
}

TEST(Gradients, GoThroughQcfsStraightAndReachItsLambda) {
  constexpr float lambda = 0.7F;
  TwoLayers net(
      [](const std::string& from) {
        return QcfsParameters{scalar_tensor(lambda), 4}.node("q", from);
      },
      {.batch = 8, .threads = 1, .estimator = {}});
  std::vector<double> expected(30, 0.0);
  double by_lambda = 0.0;
  net.for_units([&](std::int64_t unit, double x, double dy) {
    if (x >= 0 && x <= lambda) {
      expected[unit] += dy;
      by_lambda += dy * (lambda * std::floor(x * 4 / lambda + 0.5) / 4 - x) / lambda;
    } else if (x > lambda) {
      by_lambda += dy;
    }
  });
  for (int unit = 0; unit < 30; ++unit)
    EXPECT_NEAR(net.training.gradient("Linear1.bias")[unit], expected[unit], 1e-6);
  EXPECT_NEAR(net.training.gradient("q.lambda")[0], by_lambda, 1e-6);
}

TEST(Loss, IsCrossEntropyWithSmoothedLabels) {
  const std::vector<float> logits{std::log(1.0F), std::log(2.0F), std::log(5.0F), 0, 0, 0};
  const std::vector<int> labels{2, 1};
  std::vector<float> gradient(6);
  const LossSum plain = cross_entropy(logits, labels, 0.0, 0.5, gradient);
  EXPECT_NEAR(plain.loss, -std::log(5.0 / 8) + std::log(3.0), 1e-6);
  EXPECT_EQ(plain.correct, 1);
  EXPECT_NEAR(gradient[0], 0.5 / 8, 1e-6);
  EXPECT_NEAR(gradient[2], 0.5 * (5.0 / 8 - 1), 1e-6);
  const LossSum smooth = cross_entropy(logits, labels, 0.3, 0.5, {});
  EXPECT_NEAR(smooth.loss,
              -0.8 * std::log(5.0 / 8) - 0.1 * std::log(2.0 / 8) - 0.1 * std::log(1.0 / 8) + std::log(3.0),
              1e-6);
}

TEST(Training, ObservesTheMeanOfTheStatisticsOfBatches) {
  GraphBuilder b(3);
  Node norm = batch_norm(b, b.input({2}), 2);
  norm.name = "norm";
  b.output(b.linear(b.add(norm), 2, 2));
  TrainingNetwork network(std::move(b.graph), {.batch = 2, .threads = 1, .estimator = {}}, "");
  const auto observe = [&](std::int64_t nth, const std::vector<float>& batch) {
    std::copy(batch.begin(), batch.end(), network.input().begin());
    network.observe(nth);
  };
  observe(1, {1, 10, 3, 10});  // [sample][channel]: means 2 and 10, unbiased variances 2 and 0
  observe(2, {0, 4, 8, 8});    // 4 and 6, 32 and 8
  const auto& tensors = network.graph().find("norm")->tensors;
  EXPECT_EQ(tensors.at("running_mean").reals(), (std::vector<float>{3, 8}));
  EXPECT_EQ(tensors.at("running_var").reals(), (std::vector<float>{17, 4}));
}

TEST(Training, NamesTheFirstNodeThatIsNoLongerFinite) {
  GraphBuilder b(2);
  b.output(b.linear(feature_net(b, b.input({3, 7, 6})), 16, 5));
  Training training(std::move(b.graph));
  training.mean_loss();
  EXPECT_EQ(training.network.first_not_finite(), "");
  training.network.graph().find("PReLU3")->tensors.at("slope").reals()[1] = std::nanf("");
  EXPECT_EQ(training.network.first_not_finite(), "PReLU3");
}

// Activations make 0, lambda or a sign of it, and the loss never hears of it.
TEST(Training, SeesANumberThatAnActivationHides) {
  for (const char* hiding : {"ReLU", "Sign", "QCFS"}) {
    GraphBuilder b(2);
    const std::string image = b.conv2d(b.input({3, 5, 5}), {.outputs = 4, .inputs = 3});
    const std::string hidden =
        std::string(hiding) == "QCFS" ? b.add(QcfsParameters{}.node("", image)) : b.op(hiding, {image});
    b.output(b.linear(b.op("Flatten", {hidden}), 100, 5));
    Training training(std::move(b.graph));
    training.mean_loss();
    EXPECT_TRUE(training.network.is_finite()) << hiding;
    Parameter* const weight = training.network.parameters().front();
    weight->value->reals()[2] = std::nanf("");
    EXPECT_TRUE(std::isfinite(training.mean_loss())) << hiding;
    EXPECT_FALSE(training.network.is_finite()) << hiding;
    EXPECT_EQ(training.network.first_not_finite(), weight->name.substr(0, weight->name.find('.')));
  }
}

TEST(Training, NamesTheGradientThatIsNoLongerFinite) {
  GraphBuilder b(2);
  const std::string first = b.linear(b.input({3}), 3, 4);
  b.output(b.linear(b.op("ReLU", {first}), 4, 5));
  Training training(std::move(b.graph));
  training.mean_loss();
  training.gradient(first + ".weight")[1] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(training.network.is_finite());
  EXPECT_EQ(training.network.first_not_finite(), "the gradient of " + first + ".weight");
}

}  // namespace
}  // namespace rheobase

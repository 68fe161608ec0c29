#include "experiments/simulation/local_thresholds.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "neurons/relu.h"
#include "sim/core/error.h"
#include "tests/experiments/random_images.h"
#include "tests/experiments/small_relu_network.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using test::RandomImages;
using test::small_relu_network;
using testing::full_registry;
using testing::GraphBuilder;

/// Images of one pixel.
class OnePixel : public ImageSet {
 public:
  explicit OnePixel(std::vector<float> pixels) : ImageSet(info(pixels.size())), pixels_(std::move(pixels)) {}
  void read(std::int64_t index, std::span<float> pixels) const override { pixels[0] = pixels_.at(index); }

 private:
  static DataInfo info(std::size_t samples) {
    DataInfo info;
    info.labels.assign(samples, 0);
    info.shape = {1, 1, 1};
    return info;
  }
  std::vector<float> pixels_;
};

/// `first` reads a pixel, `second` twice what `first` says, and the other way round as a second channel.
Graph one_pixel_network(float cap) {
  GraphBuilder b;
  const auto weights = [&](const std::string& from, Tensor weight) {
    return b.add({"",
                  "Conv2d",
                  {from},
                  {{"stride", std::vector<std::int64_t>{1, 1}}},
                  {{"weight", std::move(weight)}}});
  };
  b.input({1, 1, 1});
  b.add(ReluParameters{cap}.node("first", weights("input", {{1, 1, 1, 1}, {1.0F}})));
  b.add(ReluParameters{}.node("second", weights("first", {{2, 1, 1, 1}, {2.0F, -2.0F}})));
  b.output(b.linear(b.op("Flatten", {"second"}), 2, 2));
  return std::move(b.graph);
}

Thresholds balance(const Graph& graph, const ImageSet& data, const BalanceOptions& options) {
  const Registry registry = full_registry();
  return balance_thresholds(graph, open_activations(graph, registry.schemas(), "net"), data, registry,
                            options);
}

const OnePixel eight({0, 0, 0, 0, 0, 0, 0.4F, 1});
const float unbounded = ReluParameters{}.max;

// By hand: 2 (0.4 + 1) / 8; the second layer reads 0.7 twice. Then 2 (0.05 + 0.65) / 8 more, and 2 (0.45 +
// 0.7) / 8 where the second reads 0.8 and 1.05.
TEST(LocalThresholds, GrowByTwiceTheMeanExcessOverWhatTheLayersBeforeLeave) {
  const Graph graph = one_pixel_network(unbounded);
  const Thresholds one = balance(graph, eight, {8, 1, 1});
  EXPECT_NEAR(one.at("first")[0], 0.35, 1e-6);
  EXPECT_NEAR(one.at("second")[0], 0.35, 1e-6);
  const Thresholds two = balance(graph, eight, {8, 2, 1});
  EXPECT_NEAR(two.at("first")[0], 0.525, 1e-6);
  EXPECT_NEAR(two.at("second")[0], 0.6375, 1e-6);
}

TEST(LocalThresholds, ApproachTheLargestActivationAndNeverExceedIt) {
  const Graph graph = one_pixel_network(unbounded);
  const float far = balance(graph, eight, {8, 100, 1}).at("first")[0];
  EXPECT_GT(far, 0.95F);
  EXPECT_LE(far, 1.0F);
  EXPECT_FLOAT_EQ(balance(graph, OnePixel({0.5F}), {8, 1, 1}).at("first")[0], 0.5F);
}

TEST(LocalThresholds, StayBelowACap) {
  EXPECT_LE(balance(one_pixel_network(0.25F), eight, {8, 200, 1}).at("first")[0], 0.25F);
}

TEST(LocalThresholds, ASilentChannelTakesTheMedianOfItsLayer) {
  const std::vector<float> second = balance(one_pixel_network(unbounded), eight, {8, 3, 1}).at("second");
  EXPECT_EQ(second[1], second[0]);
}

TEST(LocalThresholds, DoNotDependOnThreads) {
  const RandomImages data({2, 6, 6}, 50);
  EXPECT_EQ(balance(small_relu_network(), data, {50, 30, 1}),
            balance(small_relu_network(), data, {50, 30, 3}));
}

TEST(LocalThresholds, RefuseWhatIsNoNumberAndOtherShapes) {
  RandomImages broken({2, 6, 6}, 20);
  broken.not_a_number = 7;
  EXPECT_THROW(balance(small_relu_network(), broken, {20, 20, 1}), InputError);
  EXPECT_THROW(balance(small_relu_network(), RandomImages({2, 5, 6}, 20), {20, 20, 1}), InputError);
}

}  // namespace
}  // namespace rheobase

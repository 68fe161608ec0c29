#include "sim/engine/fan_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

using testing::Each;
using testing::ElementsAre;
using Ints = std::vector<std::int64_t>;

Node conv(Shape weight, std::map<std::string, Attribute> attributes = {}) {
  Node node{"conv", "Conv2d", {"in"}, std::move(attributes), {}};
  node.tensors["weight"] = {weight, std::vector<float>(element_count(weight), 0.5F)};
  return node;
}

// Products of a dense convolution, counted output by output.
std::uint64_t dense_products(const Node& node, const ImageShape& input) {
  const Window window = conv2d_attributes(node).window;
  const Shape& weight = node.tensors.at("weight").shape;
  std::uint64_t count = 0;
  for (std::int64_t oy = 0; oy < window.output_extent(0, input.height); ++oy) {
    for (std::int64_t ox = 0; ox < window.output_extent(1, input.width); ++ox) {
      for (std::int64_t ky = 0; ky < weight[2]; ++ky) {
        for (std::int64_t kx = 0; kx < weight[3]; ++kx) {
          const std::int64_t y = oy * window.stride[0] + ky * window.dilation[0] - window.padding[0];
          const std::int64_t x = ox * window.stride[1] + kx * window.dilation[1] - window.padding[1];
          const bool inside = y >= 0 && x >= 0 && y < input.height && x < input.width;
          if (inside) count += weight[0] * weight[1];
        }
      }
    }
  }
  return count;
}

TEST(FanOut, PaddingTapsReachNoInput) {
  // A 3x3 kernel over a padded 3x3 image: corners take part in 4 windows, edges in 6, the centre in 9.
  const FanOut result = fan_out(conv({1, 1, 3, 3}, {{"padding", Ints{1, 1, 1, 1}}}), {1, 3, 3});
  EXPECT_THAT(result.effective, ElementsAre(4, 6, 4, 6, 9, 6, 4, 6, 4));
  EXPECT_EQ(result.dense, 49U);
}

TEST(FanOut, StrideSkipsInputs) {
  // Kernel 1, stride 2 on a 3x3 image reads the corners only.
  const FanOut result = fan_out(conv({2, 1, 1, 1}, {{"stride", Ints{2, 2}}}), {1, 3, 3});
  EXPECT_THAT(result.effective, ElementsAre(2, 0, 2, 0, 0, 0, 2, 0, 2));
}

TEST(FanOut, GroupsAndDilationAndUnevenPaddingMatchTheLoop) {
  const ImageShape input{4, 7, 5};
  const Node grouped = conv({6, 2, 3, 2}, {{"groups", std::int64_t{2}},
                                           {"stride", Ints{2, 1}},
                                           {"dilation", Ints{2, 3}},
                                           {"padding", Ints{3, 0, 1, 2}}});
  const FanOut result = fan_out(grouped, input);
  EXPECT_EQ(result.dense, dense_products(grouped, input));
  EXPECT_EQ(std::accumulate(result.effective.begin(), result.effective.end(), std::uint64_t{0}),
            result.dense);
}

TEST(FanOut, ZeroWeightsLeadNowhere) {
  // Group 0 maps channel 0 to output 0, group 1 channel 1 to output 1; the second weight is 0.
  Node node = conv({2, 1, 1, 1}, {{"groups", std::int64_t{2}}});
  node.tensors["weight"].reals() = {0.5F, 0.0F};
  const FanOut result = fan_out(node, {2, 1, 2});
  EXPECT_THAT(result.effective, ElementsAre(1, 0, 1, 0));
  EXPECT_EQ(result.dense, 4U);
}

TEST(FanOut, LinearCountsTheColumn) {
  Node node{"fc", "Linear", {"in"}, {}, {}};
  node.tensors["weight"] = {{2, 3}, {1.0F, 0.0F, 2.0F, 0.0F, 0.0F, -1.0F}};
  const FanOut result = fan_out(node, {3, 1, 1});
  EXPECT_THAT(result.effective, ElementsAre(1, 0, 2));
  EXPECT_EQ(result.dense, 6U);
}

}  // namespace
}  // namespace rheobase

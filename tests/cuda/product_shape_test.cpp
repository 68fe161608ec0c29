#include "sim/cuda/kernels/product_shape.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

TEST(ProductShape, EveryColumnAndRowIsTakenOnce) {
  std::set<int> channels, bits, bytes;
  for (int j = 0; j < 8; ++j)
    for (int n = 0; n < 8; ++n) channels.insert(cuda::channel_of(j, n));
  for (int k = 0; k < 32; ++k) {
    bits.insert(cuda::row_of(cuda::ProductForm::bits, k));
    bytes.insert(cuda::row_of(cuda::ProductForm::bytes, k));
  }
  EXPECT_EQ(channels.size(), 64U);
  EXPECT_EQ(*channels.rbegin(), 63);
  EXPECT_EQ(bits.size(), 32U);
  EXPECT_EQ(*bits.rbegin(), 31);
  EXPECT_EQ(bits, bytes);
}

TEST(ProductShape, PackedWeightsAreTheWeightsAndZeros) {
  testing::GraphBuilder b(3);
  b.output(b.op("Flatten", {b.conv2d(b.input({5, 6, 6}), {.outputs = 40, .inputs = 5})}));
  const Graph graph = testing::with_integers(std::move(b.graph));
  SignalSpec spikes{SignalType::spikes, {5, 6, 6}};
  const FixedConv2dPlan plan({graph.nodes[1], {spikes}, {40, 6, 6}});
  const auto sum_of = [](const auto& bytes) {
    std::int64_t sum = 0;
    for (const std::int8_t w : bytes) sum += std::int64_t{w} * w;
    return sum;
  };
  for (const int nt : {4, 8}) {
    const std::vector<std::uint32_t> packed = cuda::pack_weights(plan, cuda::ProductForm::bits, nt);
    EXPECT_EQ(packed.size(), static_cast<std::size_t>(cuda::padded_channels(40, nt) * 2 * 32 / 4));
    std::vector<std::int8_t> bytes;
    for (const std::uint32_t word : packed)
      for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::int8_t>(word >> (8 * i)));
    EXPECT_EQ(sum_of(bytes), sum_of(plan.weights));
  }
}

}  // namespace
}  // namespace rheobase

#include "sim/graph/tensor.h"

#include <gmock/gmock.h>

#include <cmath>

#include "sim/core/error.h"
#include "sim/graph/arithmetic.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;

constexpr std::int32_t beyond_float = (1 << 24) + 1;  // lies between two float32

Tensor reals(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{size}, std::move(values)};
}
Tensor integers(std::vector<std::int32_t> values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {shape, std::move(values)};
}

TEST(Signs, AreOneBitEachFromTheLowestOn) {
  const Signs signs = Signs::of(std::vector<float>{1, -1, 0.0F, -0.5F, -2, -1, -1, -1, 3});
  EXPECT_EQ(signs.size(), 9U);
  EXPECT_THAT(signs.bytes(), ElementsAre(0b101, 0b1));
  EXPECT_EQ(signs[0], 1);
  EXPECT_EQ(signs[1], -1);
  EXPECT_EQ(signs[8], 1);
}

TEST(Signs, AreSetOneByOne) {
  Signs signs(10);
  signs.set(9, true);
  EXPECT_THAT(signs.bytes(), ElementsAre(0, 0b10));
  signs.set(9, false);
  EXPECT_EQ(signs, Signs(10));
  EXPECT_THROW(Signs(17, {0, 0}), InternalError);
}

TEST(Tensor, HasTheSameValuesAsAnyTypeThatHasThem) {
  const Tensor signs({3}, Signs::of(std::vector<int>{1, -1, 1}));
  for (const ValueType type : {ValueType::float32, ValueType::int8, ValueType::int32, ValueType::bits}) {
    const Tensor other = signs.as(type).value();
    EXPECT_EQ(other.type(), type);
    EXPECT_EQ(other.shape, signs.shape);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(other.at(i), signs.at(i)) << to_string(type);
    EXPECT_EQ(other.as(ValueType::bits), signs);
  }
}

TEST(Tensor, IsOfNoTypeThatLacksAValue) {
  EXPECT_FALSE(reals({1, 0.5F}).as(ValueType::int32));
  EXPECT_FALSE(reals({std::nanf("")}).as(ValueType::int32));
  EXPECT_FALSE(reals({2147483648.0F}).as(ValueType::int32));
  EXPECT_TRUE(reals({-2147483648.0F}).as(ValueType::int32));
  EXPECT_FALSE(integers({128}).as(ValueType::int8));
  EXPECT_TRUE(integers({-128}).as(ValueType::int8));
  EXPECT_FALSE(integers({1, 0}).as(ValueType::bits));
  EXPECT_FALSE(integers({beyond_float}).as(ValueType::float32));
  EXPECT_TRUE(integers({beyond_float - 1}).as(ValueType::float32));
}

TEST(Tensor, IsReadAsTheTypeItHas) {
  EXPECT_EQ(integers({7}).int32s()[0], 7);
  EXPECT_THROW(integers({7}).reals(), InternalError);
  EXPECT_THROW(reals({7}).int8s(), InternalError);
}

TEST(Tensor, OfOneNumberHasItForEveryChannel) {
  EXPECT_EQ(integers({7}).of_channel(5), 7.0);
  EXPECT_EQ(integers({7, 8}).of_channel(1), 8.0);
}

TEST(Tensor, TakesItsBytes) {
  EXPECT_EQ(reals({1, 2}).bytes(), 8U);
  EXPECT_EQ(integers({1, 2}).bytes(), 8U);
  EXPECT_EQ(Tensor({2}, std::vector<std::int8_t>{1, 2}).bytes(), 2U);
  EXPECT_EQ(Tensor({17}, Signs(17)).bytes(), 3U);
}

std::string text_of(Tensor tensor) {
  return dump({{{"node", "Any", {}, {}, {{"tensor", std::move(tensor)}}}}});
}

// Stored stop rules name their network by the hash of its text.
TEST(GraphText, DependsOnValuesNotOnTheirTypes) {
  EXPECT_EQ(text_of(reals({1, -1, 1})), text_of(integers({1, -1, 1})));
  EXPECT_EQ(text_of(reals({1, -1, 1})), text_of(Tensor({3}, Signs::of(std::vector<int>{1, -1, 1}))));
  EXPECT_EQ(text_of(reals({16777216})), text_of(integers({beyond_float - 1})));
  EXPECT_NE(text_of(integers({beyond_float})), text_of(integers({beyond_float - 1})));
  EXPECT_NE(text_of(integers({beyond_float, 0})), text_of(integers({beyond_float - 1, 0})));
  EXPECT_NE(text_of(integers({2147483647})), text_of(integers({2147483646})));
}

TEST(ValueTypes, FollowFromTheSchemaAndTheArithmetic) {
  testing::GraphBuilder b;
  b.output(b.linear(b.if_neuron(b.linear(b.input({4}), 4, 3), 1.0F), 3, 2));
  const Registry registry = testing::full_registry();
  Graph graph = b.graph;
  set_value_types(graph, registry.schemas());
  EXPECT_EQ(graph, b.graph) << "float32 throughout";
  graph.nodes[0].attributes["fraction_bits"] = std::int64_t{8};
  graph.nodes[1].tensors = {{"weight", {{3, 4}, std::vector<float>(12, 5.0F)}}, {"bias", reals({1, 2, 3})}};
  graph.nodes[2].tensors = {{"v_threshold", scalar_tensor(4)}, {"v_init", scalar_tensor(2)}};
  set_value_types(graph, registry.schemas());
  EXPECT_EQ(graph.nodes[1].tensor("weight")->type(), ValueType::int8);
  EXPECT_EQ(graph.nodes[1].tensor("bias")->type(), ValueType::int32);
  EXPECT_EQ(graph.nodes[2].tensor("v_threshold")->type(), ValueType::int32);
  EXPECT_EQ(graph.nodes[3].tensor("weight")->type(), ValueType::float32)
      << "not whole: a fault of validation";
}

}  // namespace
}  // namespace rheobase

// What is proven of values, op by op.
#include <gmock/gmock.h>

#include <limits>

#include "converters/passes/directed.h"
#include "converters/passes/value_range.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Nodes in a row behind an Input.
class Row {
 public:
  explicit Row(const Shape& shape) {
    add("Input", "Input", {});
    last().attributes["shape"] = shape;
  }
  Row& normalise(const Floats& mean, const Floats& std) {
    const auto channels = static_cast<std::int64_t>(mean.size());
    graph_.nodes[0].tensors["mean"] = {{channels}, mean};
    graph_.nodes[0].tensors["std"] = {{channels}, std};
    return *this;
  }
  Row& affine(const Floats& scale, const Floats& shift) {
    add("affine", "Affine", {previous_});
    last().tensors["scale"] = {{static_cast<std::int64_t>(scale.size())}, scale};
    last().tensors["shift"] = {{static_cast<std::int64_t>(shift.size())}, shift};
    return *this;
  }
  Row& relu(float max = std::numeric_limits<float>::infinity()) {
    return take(ReluParameters{max}.node("relu", previous_));
  }
  Row& sign() { return take(sign_node("sign", previous_)); }
  Row& qcfs(float lambda, std::int64_t levels) {
    return take(QcfsParameters{scalar_tensor(lambda), levels}.node("qcfs", previous_));
  }
  Row& conv(const Shape& shape, const Floats& weights, const Floats& bias = {}, std::int64_t padding = 0) {
    add("conv", "Conv2d", {previous_});
    last().tensors["weight"] = {shape, weights};
    if (!bias.empty()) last().tensors["bias"] = {{shape[0]}, bias};
    last().attributes["padding"] = Ints(4, padding);
    return *this;
  }
  Row& linear(const Shape& shape, const Floats& weights, const Floats& bias = {}) {
    add("linear", "Linear", {previous_});
    last().tensors["weight"] = {shape, weights};
    if (!bias.empty()) last().tensors["bias"] = {{shape[0]}, bias};
    return *this;
  }
  Row& op(const std::string& op, std::map<std::string, Attribute> attributes = {}) {
    add(op, op, {previous_});
    last().attributes = std::move(attributes);
    return *this;
  }
  Row& set(const std::string& attribute, std::int64_t value) {
    last().attributes[attribute] = value;
    return *this;
  }
  Row& join(const std::string& op, const std::string& with) {
    add(op, op, {with, previous_});
    return *this;
  }
  Row& at(const std::string& name) {
    previous_ = name;
    return *this;
  }
  const std::string& name() const { return previous_; }

  /// Of the last node, channel by channel.
  std::vector<ValueRange> ranges() {
    Graph graph = graph_;
    ShapeMap shapes = validate(graph, converter_schemas()).shapes;
    const ChannelRanges found = find_value_ranges(graph, converter_schemas(), shapes).at(previous_);
    std::vector<ValueRange> each;
    for (std::int64_t channel = 0; channel < found.size(); ++channel) each.push_back(found.at(channel));
    return each;
  }
  ValueRange range() { return ranges().at(0); }

 private:
  Node& last() { return graph_.nodes.back(); }
  Row& take(Node node) {
    while (graph_.find(node.name) != nullptr) node.name += "'";
    previous_ = node.name;
    graph_.nodes.push_back(std::move(node));
    return *this;
  }
  void add(std::string name, const std::string& op, std::vector<std::string> inputs) {
    take({std::move(name), op, std::move(inputs), {}, {}});
  }

  Graph graph_;
  std::string previous_;
};

void expect_interval(const ValueRange& range, double low, double high) {
  EXPECT_EQ(range.interval.low, low);
  EXPECT_EQ(range.interval.high, high);
}

TEST(Directed, SumsAndProductsAreExactWhereTheyCanBe) {
  EXPECT_EQ(add_down(6, -6), 0);
  EXPECT_EQ(add_up(0.5, 0.25), 0.75);
  EXPECT_EQ(multiply_down(3, 0.25), 0.75);
  EXPECT_EQ(multiply_up(infinity, 0), 0);
  EXPECT_EQ(add_down(infinity, -infinity), -infinity);
  EXPECT_EQ(add_up(-infinity, infinity), infinity);
}

TEST(Directed, OthersEncloseTheTruth) {
  EXPECT_LT(add_down(1, 1e-20), add_up(1, 1e-20));
  EXPECT_EQ(add_down(1, 1e-20), 1);
  EXPECT_LT(add_down(1, -1e-20), 1);
  EXPECT_LT(multiply_down(0.1, 0.1), multiply_up(0.1, 0.1));
}

TEST(ValueRange, OfPixelsFollowsTheNormalisation) {
  expect_interval(Row({1, 2, 2}).range(), 0, 1);
  const auto ranges = Row({2, 2, 2}).normalise({0.5F, 0}, {0.25F, 1}).ranges();
  EXPECT_LE(ranges[0].interval.low, -2);
  EXPECT_NEAR(ranges[0].interval.low, -2, 1e-12);
  EXPECT_GE(ranges[0].interval.high, 2);
  EXPECT_EQ(ranges[0].cause, ZeroCause::none);
  EXPECT_EQ(ranges[1].cause, ZeroCause::pixels);
}

TEST(ValueRange, OfFeaturesIsNotAssumed) {
  expect_interval(Row({3}).range(), -infinity, infinity);
  EXPECT_EQ(Row({3}).range().cause, ZeroCause::features);
}

TEST(ValueRange, OfSumsAddsTheBoundsOfTheirTerms) {
  Row row({2, 1, 1});
  row.conv({1, 2, 1, 1}, {2, -3}, {0.5F});
  expect_interval(row.range(), -2.5, 2.5);
}

TEST(ValueRange, OfPaddedSumsHoldsSumsOfFewerTerms) {
  Row row({1, 3, 3});
  row.affine({1}, {1}).conv({1, 1, 3, 3}, Floats(9, 1), {}, 1);  // inputs from 1 to 2
  expect_interval(row.range(), 0, 18);
  Row inside({1, 3, 3});
  inside.affine({1}, {1}).conv({1, 1, 3, 3}, Floats(9, 1));
  expect_interval(inside.range(), 9, 18);
}

TEST(ValueRange, OfGroupsReadsTheirOwnInputs) {
  Row row({2, 1, 1});
  row.affine({1, 1}, {0, 10}).conv({2, 1, 1, 1}, {1, 2}).set("groups", 2);
  const auto ranges = row.ranges();
  expect_interval(ranges[0], 0, 1);
  expect_interval(ranges[1], 20, 22);
}

TEST(ValueRange, OfReluIsClipped) {
  Row row({1, 1, 1});
  row.affine({4}, {-2}).relu(1);
  expect_interval(row.range(), 0, 1);
  EXPECT_EQ(row.range().cause, ZeroCause::rectified);
  Row idle({1, 1, 1});
  idle.affine({1}, {1}).relu();
  expect_interval(idle.range(), 1, 2);
  EXPECT_EQ(idle.range().cause, ZeroCause::none);
}

TEST(ValueRange, KeepsZerosThroughFactorsAlone) {
  Row factor({1, 1, 1});
  EXPECT_EQ(factor.affine({4}, {-2}).relu().affine({-3}, {0}).range().cause, ZeroCause::rectified);
  expect_interval(factor.range(), -6, 0);
  Row shift({1, 1, 1});
  EXPECT_EQ(shift.affine({4}, {-2}).relu().affine({1}, {-1}).range().cause, ZeroCause::none);
}

TEST(ValueRange, OfADeadChannelIsZero) {
  Row row({2, 1, 1});
  const auto ranges = row.affine({1, 0}, {0.5F, 0}).ranges();
  EXPECT_EQ(ranges[0].cause, ZeroCause::none);
  EXPECT_EQ(ranges[1].cause, ZeroCause::constant);
  EXPECT_EQ(ranges[1].source, "affine");
}

TEST(ValueRange, GoesWithTheChannelsThroughRearrangements) {
  Row row({2, 2, 2});
  row.normalise({0.5F, 0}, {1, 1}).op("Flatten");
  const auto flat = row.ranges();
  ASSERT_EQ(flat.size(), 8U);
  expect_interval(flat[3], -0.5, 0.5);
  expect_interval(flat[4], 0, 1);
  const auto sliced = row.op("Slice", {{"start", Ints{3}}, {"stop", Ints{8}}, {"step", Ints{2}}}).ranges();
  ASSERT_EQ(sliced.size(), 3U);
  EXPECT_EQ(sliced[0].cause, ZeroCause::none);
  EXPECT_EQ(sliced[1].cause, ZeroCause::pixels);
}

TEST(ValueRange, OfHugeInputsTakesLittleMemory) {
  const std::int64_t huge = std::int64_t{1} << 30;
  Graph graph;
  graph.nodes = {
      {"x", "Input", {}, {{"shape", Ints{huge}}}, {}},
      {"half", "Slice", {"x"}, {{"start", Ints{0}}, {"stop", Ints{huge / 2}}, {"step", Ints{1}}}, {}},
      {"sign", "Sign", {"half"}, {}, {}}};
  const ValueRanges ranges =
      find_value_ranges(graph, converter_schemas(), validate(graph, converter_schemas()).shapes);
  EXPECT_EQ(ranges.at("sign").size(), huge / 2);
  EXPECT_EQ(ranges.at("sign").groups.size(), 1U);
  EXPECT_EQ(ranges.at("sign").at(huge / 2 - 1).interval.low, -1);
}

TEST(ValueRange, OfPadsHoldsZero) {
  Row space({1, 2, 2});
  space.affine({1}, {1}).op("Pad", {{"before", Ints{0, 1, 0}}, {"after", Ints{0, 0, 0}}});
  expect_interval(space.range(), 0, 2);
  EXPECT_EQ(space.range().cause, ZeroCause::padding);
  Row channels({1, 2, 2});
  channels.affine({1}, {1}).op("Pad", {{"before", Ints{0, 0, 0}}, {"after", Ints{1, 0, 0}}});
  const auto ranges = channels.ranges();
  EXPECT_EQ(ranges.at(0).cause, ZeroCause::none);
  EXPECT_EQ(ranges.at(1).cause, ZeroCause::padding);
  expect_interval(ranges[1], 0, 0);
}

TEST(ValueRange, OfMeansNeedsOneSignToStayZero) {
  const std::map<std::string, Attribute> window{{"kernel", Ints{2, 2}}};
  EXPECT_EQ(Row({1, 2, 2}).op("AvgPool2d", window).range().cause, ZeroCause::pixels);
  Row padded({1, 1, 1});
  padded.affine({4}, {-2}).op("Pad", {{"before", Ints{0, 1, 1}}, {"after", Ints{0, 0, 0}}});
  EXPECT_EQ(padded.op("AvgPool2d", window).range().cause, ZeroCause::none);
}

TEST(ValueRange, OfAPReluIsZeroWhereItsInputIs) {
  Row row({1, 1, 1});
  row.affine({4}, {-2});
  const std::string x = row.name();
  row.relu();
  const std::string positive = row.name();
  row.at(x).affine({-1}, {0}).relu().affine({-0.25F}, {0}).join("Add", positive);
  EXPECT_EQ(row.range().cause, ZeroCause::none);
  expect_interval(row.range(), -0.5, 2);
}

TEST(ValueRange, OfADifferenceOfRectifiedValuesIsOftenZero) {
  Row row({1, 1, 1});
  row.affine({4}, {-2}).relu();
  const std::string left = row.name();
  row.at("Input").affine({-4}, {1}).relu().affine({-1}, {0}).join("Add", left);
  EXPECT_EQ(row.range().cause, ZeroCause::sum);
}

TEST(ValueRange, OfRectifiedValuesAddedUpIsNeverNegative) {
  Row row({1, 1, 1});
  row.affine({4}, {-2}).relu();
  const std::string left = row.name();
  row.at("Input").affine({-4}, {1}).relu().join("Add", left);
  EXPECT_EQ(row.range().cause, ZeroCause::rectified);
}

/// The grid of a layer of `count` signs, with weights of one magnitude.
Grid grid_of(std::int64_t count, float magnitude, const Floats& bias = {}) {
  Row row({count});
  Floats weights(static_cast<std::size_t>(count), magnitude);
  weights[0] = -magnitude;
  return row.sign().linear({1, count}, weights, bias).range().grid;
}

TEST(Grid, OfSignsHoldsZeroWhereTheirNumberIsEven) {
  EXPECT_TRUE(grid_of(4, 1).holds_zero());
  EXPECT_FALSE(grid_of(5, 1).holds_zero());
  EXPECT_TRUE(grid_of(128, 0.1F).holds_zero());
  EXPECT_FALSE(grid_of(127, 0.1F).holds_zero());
}

TEST(Grid, IsMovedByABias) {
  EXPECT_FALSE(grid_of(4, 1, {0.25F}).holds_zero());
  EXPECT_FALSE(grid_of(4, 1, {1}).holds_zero());
  EXPECT_TRUE(grid_of(4, 1, {2}).holds_zero());
  EXPECT_TRUE(grid_of(5, 1, {1}).holds_zero());
}

TEST(Grid, OfWeightsThatAreNoMultiplesIsUnknown) {
  Row row({2});
  EXPECT_FALSE(row.sign().linear({1, 2}, {1, 0.7F}).range().grid.is_known());
  Row doubled({3});
  EXPECT_TRUE(doubled.sign().linear({1, 3}, {1, -2, 1}).range().grid.holds_zero());
  Row pruned({3});
  EXPECT_TRUE(pruned.sign().linear({1, 3}, {1, 0, -1}).range().grid.holds_zero());
}

TEST(Grid, OfPaddedSignsHoldsZeroAtTheBorder) {
  Row odd({1, 4, 4});
  const Grid border = odd.sign().conv({1, 1, 3, 3}, Floats(9, 1), {}, 1).range().grid;
  EXPECT_TRUE(border.holds_zero());
  EXPECT_TRUE(border.zero_at_border);
  Row even({2, 4, 4});
  const Grid inside = even.sign().conv({1, 2, 3, 3}, Floats(18, 1), {}, 1).range().grid;
  EXPECT_TRUE(inside.holds_zero());
  EXPECT_FALSE(inside.zero_at_border);
  Row bare({1, 4, 4});
  EXPECT_FALSE(bare.sign().conv({1, 1, 3, 3}, Floats(9, 1)).range().grid.holds_zero());
}

TEST(Grid, OfLevelsHoldsZero) {
  Row row({1, 1, 1});
  EXPECT_TRUE(row.qcfs(0.3F, 4).conv({1, 1, 1, 1}, {-0.7F}).range().grid.holds_zero());
}

TEST(Grid, OfJoinedSumsAddsUp) {
  Row row({3});
  row.sign().linear({1, 3}, {1, 1, -1});  // odd
  const std::string odd = row.name();
  row.at("sign").linear({1, 3}, {1, -1, -1}).join("Add", odd);
  EXPECT_TRUE(row.range().grid.holds_zero());
}

}  // namespace
}  // namespace rheobase::test

// Binary activations, in all the forms in which they are exported.
#include <gmock/gmock.h>

#include "tests/converters/onnx_chain.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int to_float = 1, to_int32 = 6, to_bool = 9;
const char* const sign_alone = "Input Sign Flatten Output";

/// The Affine nodes, "scale,shift" of the first channel each.
std::vector<std::pair<float, float>> affines(const Graph& graph) {
  std::vector<std::pair<float, float>> found;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[static_cast<std::size_t>(index)];
    if (node.op == "Affine")
      found.emplace_back(node.tensor("scale")->reals()[0], node.tensor("shift")->reals()[0]);
  }
  return found;
}

using Steps = std::vector<std::pair<float, float>>;

TEST(SignInOnnx, IsSign) {
  Chain chain;
  const Graph graph = chain.unary("Sign").import();
  EXPECT_EQ(dump(graph),
            "x = Input() {shape=(2,3,3)}\n/act/Sign1 = Sign(x)\n/flatten = Flatten(/act/Sign1)\n"
            "y = Output(/flatten)\n");
}

TEST(SignInOnnx, DoesNotNoticeAClipThatKeepsZeroAndBothSigns) {
  Chain hardtanh;
  EXPECT_EQ(ops_of(hardtanh.clip(-1, 1).unary("Sign").import()), sign_alone);
  Chain scaled;
  EXPECT_EQ(ops_of(scaled.binary("Div", 0.3F).clip(-2, 1).binary("Mul", 4).unary("Sign").import()),
            sign_alone);
}

TEST(SignInOnnx, KeepsAShiftPerChannel) {
  Chain chain;
  const Graph graph = chain.binary("Add", {1, 2, 1, 1}, {0.5F, -2}).unary("Sign").import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{0.5F, -2}));
}

TEST(SignInOnnx, LooksThroughAClipBeforeAShift) {
  Chain chain;
  const Graph graph = chain.clip(-1, 1).binary("Add", 0.5F).unary("Sign").import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Flatten Output");
  EXPECT_EQ(affines(graph), (Steps{{1, 0.5F}}));
}

TEST(SignInOnnx, MayBeFlipped) {
  Chain chain;
  const Graph graph = chain.unary("Neg").unary("Sign").import();
  EXPECT_EQ(affines(graph), (Steps{{-1, 0}}));
}

TEST(SignInOnnx, MayBeTakenTwice) {  // so that 0 becomes 1: sign(sign(x) + 0.1)
  Chain chain;
  EXPECT_EQ(ops_of(chain.unary("Sign").binary("Add", 0.1F).unary("Sign").import()), sign_alone);
}

TEST(SignInOnnx, MayTakeOtherValues) {
  Chain chain;
  const Graph graph = chain.unary("Sign").binary("Mul", {2, 1, 1}, {2, 3}).clip(-2, 5).import();
  EXPECT_EQ(ops_of(graph), "Input Sign Affine Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{2, 2.5F}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{0, 0.5F}));
}

TEST(SignInOnnx, OfASignKeepsZeroOnItsSide) {  // sign(sign(x) - 0.1): 0 becomes -1
  Chain chain;
  const Graph graph = chain.unary("Sign").binary("Sub", 0.1F).unary("Sign").import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Affine Flatten Output");
  EXPECT_EQ(affines(graph), (Steps{{-1, 0}, {-1, 0}}));
}

TEST(SignInOnnx, MayBeRectified) {  // 1 where x > 0
  Chain chain;
  const Graph graph = chain.unary("Sign").unary("Relu").import();
  EXPECT_EQ(affines(graph), (Steps{{-1, 0}, {-0.5F, 0.5F}}));
}

TEST(SignInOnnx, MayBeCompared) {  // sign(x) > 0
  Chain chain;
  const Graph graph = chain.unary("Sign").binary("Greater", 0).where({1}, {-1}).import();
  EXPECT_EQ(affines(graph), (Steps{{-1, 0}, {-1, 0}}));
}

TEST(SignInOnnx, RefusesTheSignOfAClipThatRulesItOut) {
  Chain raised;
  EXPECT_THAT(raised.clip(1, 2).unary("Sign").faults(),
              ElementsAre(HasSubstr("takes the sign of a value from 1 to 2, which is always the same")));
}

TEST(Threshold, IsTheSignOfADifference) {
  Chain chain;
  const Graph graph = chain.binary("GreaterOrEqual", 0.25F).where({1}, {-1}).import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Flatten Output");
  EXPECT_EQ(affines(graph), (Steps{{1, -0.25F}}));
  EXPECT_EQ(only(graph, "Sign").name, "/act");
}

TEST(Threshold, OfZeroNeedsNoShift) {
  Chain chain;
  EXPECT_EQ(ops_of(chain.binary("GreaterOrEqual", 0).where({1}, {-1}).import()), sign_alone);
}

TEST(Threshold, MayBeOnePerChannel) {
  Chain chain;
  const Graph graph = chain.binary("GreaterOrEqual", {2, 1, 1}, {1, 2}).where({1}, {-1}).import();
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{-1, -2}));
}

// 1 above or below 3: what stands before the sign and behind it.
struct ThresholdCase {
  const char* op;
  bool constant_first;
  float if_true;
  Steps expected;
};

class ThresholdForms : public testing::TestWithParam<ThresholdCase> {};

TEST_P(ThresholdForms, KeepEqualityOnItsSide) {
  const ThresholdCase& c = GetParam();
  Chain chain;
  c.constant_first ? chain.reversed(c.op, 3) : chain.binary(c.op, 3);
  EXPECT_EQ(affines(chain.where({c.if_true}, {-c.if_true}).import()), c.expected);
}

// sign(x - 3) is 1 at 3 and sign(3 - x) is, too.
INSTANTIATE_TEST_SUITE_P(All, ThresholdForms,
                         testing::Values(ThresholdCase{"GreaterOrEqual", false, 1, {{1, -3}}},
                                         ThresholdCase{"GreaterOrEqual", false, -1, {{1, -3}, {-1, 0}}},
                                         ThresholdCase{"Greater", false, 1, {{-1, 3}, {-1, 0}}},
                                         ThresholdCase{"Greater", false, -1, {{-1, 3}}},
                                         ThresholdCase{"Less", false, 1, {{1, -3}, {-1, 0}}},
                                         ThresholdCase{"Less", false, -1, {{1, -3}}},
                                         ThresholdCase{"LessOrEqual", false, 1, {{-1, 3}}},
                                         ThresholdCase{"LessOrEqual", false, -1, {{-1, 3}, {-1, 0}}},
                                         ThresholdCase{"GreaterOrEqual", true, 1, {{-1, 3}}},
                                         ThresholdCase{"Greater", true, -1, {{1, -3}}},
                                         ThresholdCase{"Less", true, 1, {{-1, 3}, {-1, 0}}},
                                         ThresholdCase{"LessOrEqual", true, 1, {{1, -3}}}));

TEST(Threshold, MayBeCastAndScaled) {  // 2 * (x > 0).float() - 1
  Chain chain;
  chain.binary("Greater", 0).cast(to_float).binary("Mul", 2).binary("Sub", 1);
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Affine Flatten Output");
  EXPECT_EQ(affines(graph), (Steps{{-1, 0}, {-1, 0}}));
}

TEST(Threshold, MayBeCountedInIntegers) {  // (x >= 0).int() * 2 - 1
  Chain chain;
  chain.binary("GreaterOrEqual", 0).cast(to_int32).binary("Mul", 2).binary("Sub", 1).cast(to_float);
  EXPECT_EQ(ops_of(chain.import()), sign_alone);
}

TEST(Threshold, MayStayAtZeroAndOne) {
  Chain chain;
  const Graph graph = chain.binary("GreaterOrEqual", 0).cast(to_float).import();
  EXPECT_EQ(affines(graph), (Steps{{0.5F, 0.5F}}));
}

TEST(Threshold, MayBeNegated) {
  Chain chain;
  chain.binary("Less", 0).unary("Not").where({1}, {-1});
  EXPECT_EQ(ops_of(chain.import()), sign_alone);
}

TEST(Threshold, MayChooseOneValuePerChannel) {
  Chain chain;
  const Graph graph = chain.binary("GreaterOrEqual", 0).where({0.5F, 3}, {-0.5F, 1}, {1, 2, 1, 1}).import();
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{0.5F, 1}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{0, 2}));
}

TEST(Threshold, OfARectifiedValueIsThatOfTheValue) {
  Chain chain;
  chain.unary("Relu").binary("Greater", 0).where({1}, {-1});
  EXPECT_EQ(ops_of(chain.import()), "Input Affine Sign Affine Flatten Output");
}

TEST(Threshold, RefusesActivationsOnBothSides) {
  Chain chain;
  chain.unary("Neg");
  chain.model().node("Greater", {"x", chain.value()}, "c", "compare");
  chain.at("c").where({1}, {-1});
  EXPECT_THAT(chain.faults(), ElementsAre(HasSubstr("compare: compares activations with each other")));
}

TEST(Threshold, RefusesToSelectBetweenActivations) {
  Chain chain;
  chain.binary("Greater", 0).model().node("Where", {chain.value(), "x", "x"}, "w", "select");
  EXPECT_THAT(chain.at("w").faults(), ElementsAre(HasSubstr("select: selects between activations")));
}

TEST(Threshold, RefusesWhatIsNoComparison) {
  Chain cast;
  EXPECT_THAT(cast.cast(to_bool).faults(), ElementsAre(HasSubstr("casts activations to element type 9")));
  Chain sign;
  EXPECT_THAT(sign.unary("Sign").where({1}, {-1}).faults(), ElementsAre(HasSubstr("is no comparison")));
  Chain half;
  half.binary("Greater", 0).cast(to_float).binary("Mul", 0.5F).cast(to_int32);
  EXPECT_THAT(half.faults(), ElementsAre(HasSubstr("casts activations to element type 6")));
}

TEST(StraightThrough, AddsAndSubtractsTheInput) {  // x + (sign(x) - x).detach()
  Chain chain;
  chain.unary("Sign").model().node("Sub", {chain.value(), "x"}, "difference");
  chain.model().node("Add", {"x", "difference"}, "sum");
  EXPECT_EQ(ops_of(chain.at("sum").import()), sign_alone);
}

TEST(StraightThrough, AddsAndSubtractsTheClippedInput) {  // c - c.detach() + sign(x).detach()
  Chain chain;
  chain.clip(-1, 1);
  OnnxModel& model = chain.model();
  model.node("Identity", {chain.value()}, "detached");
  model.node("Sub", {chain.value(), "detached"}, "nothing");
  model.node("Sign", {"x"}, "sign");
  model.node("Add", {"nothing", "sign"}, "sum");
  EXPECT_EQ(ops_of(chain.at("sum").import()), sign_alone);
}

TEST(StraightThrough, AddsAndSubtractsWhatNoGraphCouldHold) {  // Bi-Real's x^2 + 2x, say
  Chain chain;
  OnnxModel& model = chain.model();
  model.node("Mul", {"x", "x"}, "square");
  model.node("Sign", {"x"}, "sign");
  model.node("Sub", {"sign", "square"}, "difference");
  model.node("Add", {"difference", "square"}, "sum");
  EXPECT_EQ(ops_of(chain.at("sum").import()), sign_alone);
}

TEST(StraightThrough, LeavesAResidualBehind) {  // (sign - x) + (x + r): sign + r
  Chain chain;
  OnnxModel& model = chain.model();
  model.node("Sign", {"x"}, "sign");
  model.node("Relu", {"x"}, "r");
  model.node("Sub", {"sign", "x"}, "difference");
  model.node("Add", {"x", "r"}, "shortcut");
  model.node("Add", {"difference", "shortcut"}, "sum", "join");
  EXPECT_EQ(ops_of(chain.at("sum").import()), "Input Sign ReLU Add Flatten Output");
}

TEST(StraightThrough, IsNotLookedForInCircles) {  // b is x, and what is made of b
  Chain chain;
  OnnxModel& model = chain.model();
  model.node("Identity", {"x"}, "b");
  model.node("Identity", {"b"}, "a");
  model.node("Identity", {"a"}, "c", "twice").proto().add_output("b");
  model.node("Add", {"c", "b"}, "sum");
  EXPECT_THAT(chain.at("sum").faults(), testing::Contains(HasSubstr("the value 'b' is produced twice")));
}

TEST(StraightThrough, RefusesSumsThatDoNotCancel) {
  Chain chain;
  OnnxModel& model = chain.model();
  model.node("Sign", {"x"}, "sign");
  model.node("Relu", {"x"}, "r");
  model.node("Sub", {"sign", "x"}, "difference", "subtract");
  model.node("Add", {"difference", "r"}, "sum");
  EXPECT_THAT(chain.at("sum").faults(), ElementsAre(HasSubstr("subtract: subtracts activations")));
}

}  // namespace
}  // namespace rheobase::test

// Which elementwise arithmetic is an activation, however it is written.
#include <gmock/gmock.h>

#include "tests/converters/onnx_chain.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void expect_qcfs(Chain& chain, const Floats& lambda, std::int64_t levels) {
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input QCFS Flatten Output");
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), lambda);
  EXPECT_EQ(only(graph, "QCFS").integer("L", 0), levels);
}

TEST(QcfsInOnnx, AsPyTorchWritesTheReferenceCode) {
  Chain chain;
  chain.binary("Div", 0.7F).clip(0, 1).binary("Mul", 4).binary("Add", 0.5F).unary("Floor");
  chain.binary("Div", 4).binary("Mul", 0.7F);
  expect_qcfs(chain, {0.7F}, 4);
}

TEST(QcfsInOnnx, MayClipAfterTheFloor) {
  Chain chain;
  chain.binary("Div", 0.7F).binary("Mul", 8).binary("Add", 0.5F).unary("Floor").binary("Div", 8).clip(0, 1);
  chain.binary("Mul", 0.7F);
  expect_qcfs(chain, {0.7F}, 8);
}

TEST(QcfsInOnnx, MayClipInUnitsOfTheActivation) {
  Chain chain;
  chain.clip(0, 0.7F).binary("Mul", 4 / 0.7F).binary("Add", 0.5F).unary("Floor").binary("Mul", 0.7F / 4);
  expect_qcfs(chain, {0.7F}, 4);
}

TEST(QcfsInOnnx, MayClipInUnitsOfTheLevels) {
  Chain chain;
  chain.binary("Mul", 3 / 0.9F).binary("Add", 0.5F).unary("Floor").clip(0, 3).binary("Mul", 0.9F / 3);
  expect_qcfs(chain, {3 * (0.9F / 3)}, 3);
}

TEST(QcfsInOnnx, MayClipBetweenTheShiftAndTheFloor) {
  Chain chain;
  chain.binary("Div", 1.5F).binary("Mul", 2).binary("Add", 0.5F).clip(0.5F, 2.5F).unary("Floor");
  chain.binary("Mul", 0.75F);
  expect_qcfs(chain, {1.5F}, 2);
}

TEST(QcfsInOnnx, MayBeReluThenMin) {
  Chain chain;
  chain.unary("Relu")
      .binary("Min", 2)
      .binary("Mul", 2)
      .binary("Add", 0.5F)
      .unary("Floor")
      .binary("Mul", 0.5F);
  expect_qcfs(chain, {2}, 4);
}

TEST(QcfsInOnnx, MayBeMaxThenMinAfterTheFloor) {
  Chain chain;
  chain.binary("Mul", 2).reversed("Add", 0.5F).unary("Floor").reversed("Max", 0).reversed("Min", 4);
  chain.reversed("Mul", 0.5F);
  expect_qcfs(chain, {2}, 4);
}

TEST(QcfsInOnnx, MaySubtractMinusOneHalf) {
  Chain chain;
  chain.clip(0, 2).binary("Mul", 2).binary("Sub", -0.5F).unary("Floor").binary("Div", 2);
  expect_qcfs(chain, {2}, 4);
}

TEST(QcfsInOnnx, MayRoundSinceOnlyExactHalvesDiffer) {
  Chain chain;
  chain.binary("Div", 0.25F).unary("Round").clip(0, 4).binary("Mul", 0.25F);
  expect_qcfs(chain, {1}, 4);
}

TEST(QcfsInOnnx, MayHaveOneLevel) {
  Chain chain;
  chain.binary("Div", 3).binary("Add", 0.5F).unary("Floor").clip(0, 1).binary("Mul", 3);
  expect_qcfs(chain, {3}, 1);
}

TEST(QcfsInOnnx, MayHaveThousandsOfLevels) {
  Chain chain;
  chain.clip(0, 1).binary("Mul", 65535).binary("Add", 0.5F).unary("Floor").binary("Div", 65535);
  expect_qcfs(chain, {1}, 65535);
}

TEST(QcfsInOnnx, MayHaveOneLambdaPerChannel) {
  Chain chain;
  chain.binary("Div", {1, 2, 1, 1}, {0.7F, 0.3F}).clip(0, 1).binary("Mul", 4).binary("Add", 0.5F);
  chain.unary("Floor").binary("Div", 4).binary("Mul", {2, 1, 1}, {0.7F, 0.3F});
  expect_qcfs(chain, {0.7F, 0.3F}, 4);
}

TEST(QcfsInOnnx, KeepsAScaleAndShiftThatStandBeforeIt) {
  Chain chain;
  chain.binary("Mul", {2, 1, 1}, {3, 5}).binary("Add", {2, 1, 1}, {1, -1}).clip(0, 2);
  chain.binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Div", 2);
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input Affine QCFS Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{3, 5}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{1, -1}));
}

TEST(QcfsInOnnx, KeepsAScaleThatStandsBehindIt) {
  Chain chain;
  chain.clip(0, 2).binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Div", 2).binary("Mul", 3);
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input QCFS Affine Flatten Output");
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), Floats{2});
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), Floats{3});
}

TEST(QcfsInOnnx, IsNamedAfterItsModule) {
  Chain chain;
  chain.clip(0, 2).binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Div", 2);
  EXPECT_EQ(only(chain.import(), "QCFS").name, "/act");
}

TEST(QcfsInOnnx, IsAnyStairOfEqualStepsBetweenTwoAffine) {
  Chain chain;  // 3 levels of 1/2 from -1/2 on, the first step at z = -1/8
  chain.binary("Mul", 2).binary("Add", 0.25F).unary("Floor").clip(-1, 2).binary("Div", 2);
  const Graph graph = chain.import();
  EXPECT_EQ(dump(graph),
            "x = Input() {shape=(2,3,3)}\n"
            "/act/before = Affine(x) [scale=1 shift=0.375]\n"
            "/act = QCFS(/act/before) {L=3} [lambda=1.5]\n"
            "/act/behind = Affine(/act) [scale=1 shift=-0.5]\n"
            "/flatten = Flatten(/act/behind)\ny = Output(/flatten)\n");
}

TEST(QcfsInOnnx, MayFloorWithoutAShift) {
  Chain chain;
  const Graph graph = chain.clip(0, 2).binary("Mul", 2).unary("Floor").binary("Div", 2).import();
  EXPECT_EQ(ops_of(graph), "Input Affine QCFS Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), Floats{-0.25F});
}

TEST(QcfsInOnnx, OfANegativeLambdaIsMirrored) {
  Chain chain;
  chain.binary("Div", -0.7F).clip(0, 1).binary("Mul", 4).binary("Add", 0.5F).unary("Floor");
  chain.binary("Div", 4).binary("Mul", -0.7F);
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input Affine QCFS Affine Flatten Output");
  for (const char* name : {"/act/before", "/act/behind"}) {
    EXPECT_EQ(graph.find(name)->tensor("scale")->reals(), Floats{-1}) << name;
    EXPECT_EQ(graph.find(name)->tensor("shift")->reals(), Floats{0}) << name;
  }
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), Floats{0.7F});
  EXPECT_EQ(only(graph, "QCFS").integer("L", 0), 4);
}

TEST(QcfsInOnnx, MirrorsTheChannelsWhoseLambdaIsNegative) {
  Chain chain;
  chain.binary("Div", {2, 1, 1}, {0.7F, -0.3F}).clip(0, 1).binary("Mul", 4).binary("Add", 0.5F);
  chain.unary("Floor").binary("Div", 4).binary("Mul", {2, 1, 1}, {0.7F, -0.3F});
  const Graph graph = chain.import();
  EXPECT_EQ(graph.find("/act/before")->tensor("scale")->reals(), (Floats{1, -1}));
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), (Floats{0.7F, 0.3F}));
  EXPECT_EQ(graph.find("/act/behind")->tensor("scale")->reals(), (Floats{1, -1}));
}

TEST(QcfsInOnnx, NeedsAWholeNumberOfLevels) {
  Chain chain;
  chain.clip(0, 2).binary("Mul", 2.4F).binary("Add", 0.5F).unary("Floor").binary("Div", 2.4F);
  const Graph graph = chain.import();  // floor(4.8 + 0.5) = 5 levels of 1/2.4 each
  EXPECT_EQ(only(graph, "QCFS").integer("L", 0), 5);
  Chain uneven;
  uneven.binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Div", 2).clip(0, 1.8F);
  EXPECT_THAT(uneven.faults(), ElementsAre(HasSubstr("the range must be L whole steps")));
}

TEST(QcfsInOnnx, NeedsTheSameLevelsInEveryChannel) {
  Chain chain;
  chain.binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Min", {2, 1, 1}, {3, 4});
  chain.unary("Relu").binary("Div", 2);
  EXPECT_THAT(chain.faults(), ElementsAre(HasSubstr("the range must be L whole steps")));
}

TEST(QcfsInOnnx, NeedsAnUpperBound) {
  Chain chain;
  chain.unary("Relu").binary("Mul", 2).binary("Add", 0.5F).unary("Floor").binary("Div", 2);
  EXPECT_THAT(chain.faults(), ElementsAre(HasSubstr("the range must be L whole steps")));
}

TEST(QcfsInOnnx, RoundsOnce) {
  Chain chain;
  chain.unary("Floor").unary("Relu").unary("Round");
  EXPECT_THAT(chain.faults(), ElementsAre(HasSubstr("rounds more than once")));
}

TEST(ReluInOnnx, IsRelu) {
  Chain chain;
  const Graph graph = chain.unary("Relu").import();
  EXPECT_EQ(dump(graph),
            "x = Input() {shape=(2,3,3)}\n/act/Relu1 = ReLU(x)\n/flatten = Flatten(/act/Relu1)\n"
            "y = Output(/flatten)\n");
}

TEST(ReluInOnnx, IsAClipFromZero) {
  Chain chain;
  EXPECT_EQ(only(chain.clip(0, 6).import(), "ReLU").real("max", 0), 6);
}

TEST(ReluInOnnx, IsAClipFromZeroInAnyScale) {
  Chain chain;
  EXPECT_EQ(ops_of(chain.binary("Div", 3).clip(0, 1).binary("Mul", 3).import()), "Input ReLU Flatten Output");
}

TEST(ReluInOnnx, IsAMaximumWithZero) {
  Chain chain;
  EXPECT_EQ(ops_of(chain.reversed("Max", 0).import()), "Input ReLU Flatten Output");
}

TEST(ReluInOnnx, TakesClipBoundsFromAttributesInOldOpsets) {
  OnnxModel model({-1, 4}, 9);
  model.node("Clip", {"x"}, "y").with("min", 0.0).with("max", 6.0);
  EXPECT_EQ(only(model.import(), "ReLU").real("max", 0), 6);
}

TEST(ReluInOnnx, IsAnyOtherClipByShift) {
  Chain chain;
  const Graph graph = chain.clip(-1, 1).import();
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU Affine Flatten Output");
  EXPECT_EQ(graph.find("/act/Clip1/before")->tensor("shift")->reals(), Floats{1});
  EXPECT_EQ(only(graph, "ReLU").real("max", 0), 2);
  EXPECT_EQ(graph.find("/act/Clip1/behind")->tensor("shift")->reals(), Floats{-1});
}

TEST(ReluInOnnx, IsAMaximumWithAnyNumber) {
  Chain chain;
  const Graph graph = chain.binary("Max", -3).import();
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU Affine Flatten Output");
  EXPECT_FALSE(only(graph, "ReLU").attributes.contains("max"));
}

TEST(ReluInOnnx, IsAMinimumMirrored) {
  Chain chain;
  const Graph graph = chain.binary("Min", 3).import();  // 3 - relu(3 - x)
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU Affine Flatten Output");
  for (const Node& node : graph.nodes) {
    if (node.op != "Affine") continue;
    EXPECT_EQ(node.tensor("scale")->reals(), Floats{-1});
    EXPECT_EQ(node.tensor("shift")->reals(), Floats{3});
  }
}

TEST(ReluInOnnx, TakesWidthsThatDifferBetweenChannelsAsFactors) {
  Chain chain;
  chain.binary("Max", {2, 1, 1}, {-1, -2}).binary("Min", {2, 1, 1}, {1, 2});
  const Graph graph = chain.import();
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU Affine Flatten Output");
  EXPECT_EQ(graph.find("/act/before")->tensor("scale")->reals(), (Floats{0.5F, 0.25F}));
  EXPECT_EQ(only(graph, "ReLU").real("max", 0), 1);
  EXPECT_EQ(graph.find("/act/behind")->tensor("scale")->reals(), (Floats{2, 4}));
  EXPECT_EQ(graph.find("/act/behind")->tensor("shift")->reals(), (Floats{-1, -2}));
}

TEST(ReluInOnnx, RefusesAClipThatLeavesOneValue) {
  Chain chain;
  EXPECT_THAT(chain.clip(1, 1).faults(), ElementsAre(HasSubstr("clips to [1, 1]; the bounds must differ")));
}

TEST(ScaleAndShiftInOnnx, AreJoinedToOneAffine) {
  Chain chain;
  const Graph graph =
      chain.binary("Mul", 3).binary("Add", 1).binary("Div", 2).binary("Sub", 4).reversed("Sub", 1).import();
  EXPECT_EQ(ops_of(graph), "Input Affine Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), Floats{-1.5F});
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), Floats{4.5F});
}

TEST(ScaleAndShiftInOnnx, VanishWhenTheyChangeNothing) {
  Chain chain;
  EXPECT_EQ(ops_of(chain.binary("Mul", 2).binary("Div", 2).import()), "Input Flatten Output");
}

TEST(ScaleAndShiftInOnnx, MayZeroAChannel) {
  Chain chain;
  const Graph graph = chain.binary("Mul", {2, 1, 1}, {0, 2}).unary("Relu").import();
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU Flatten Output");
}

TEST(ScaleAndShiftInOnnx, TakeConstantsThatRepeatOverTheImage) {
  Chain chain;
  const Graph graph = chain.binary("Add", {2, 1, 3}, {1, 1, 1, 2, 2, 2}).import();
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{1, 2}));
}

TEST(ScaleAndShiftInOnnx, RefuseConstantsThatVaryOverTheImage) {
  Chain chain;
  EXPECT_THAT(chain.binary("Add", {1, 1, 3}, {1, 2, 3}).faults(),
              ElementsAre(HasSubstr("one number or one per channel is supported")));
}

TEST(ScaleAndShiftInOnnx, RefuseConstantsThatWidenTheActivation) {
  Chain chain({-1, 1, 3, 3});
  EXPECT_THAT(chain.binary("Add", {2, 1, 1}, {1, 2}).faults(),
              ElementsAre(HasSubstr("one number or one per channel is supported")));
}

TEST(ScaleAndShiftInOnnx, RefuseConstantsThatAreNoNumbers) {
  Chain chain;
  EXPECT_THAT(chain.binary("Div", 0).faults(), ElementsAre(HasSubstr("/act/Div1: has the constant inf")));
}

TEST(ChainsInOnnx, AreSharedByTheirReaders) {
  OnnxModel model({-1, 2, 3, 3});
  model.real("s", 2).node("Mul", {"x", "s"}, "scaled", "scale");
  model.node("Relu", {"scaled"}, "rectified", "relu");
  model.node("Add", {"rectified", "scaled"}, "sum", "join");
  model.node("Flatten", {"sum"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Affine ReLU Add Flatten Output");
}

TEST(ChainsInOnnx, ReportEveryActivationThatIsNone) {
  OnnxModel model({-1, 2, 3, 3});
  model.node("Floor", {"x"}, "a", "first");
  model.node("Flatten", {"a"}, "flat");
  model.reals("w", {18, 3}, Floats(54, 1)).node("MatMul", {"flat", "w"}, "m");
  model.node("Relu", {"m"}, "r", "relu");
  model.node("Floor", {"r"}, "y", "second");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("first: "), HasSubstr("second: ")));
}

TEST(ChainsInOnnx, FollowVectorsToo) {
  OnnxModel model({-1, 3});
  model.reals("b", {3}, {1, 2, 3}).node("Add", {"x", "b"}, "y");
  EXPECT_EQ(only(model.import(), "Affine").tensor("shift")->reals(), (Floats{1, 2, 3}));
}

TEST(ChainsInOnnx, TakeAConstantPerFeatureOfAFlattenedImage) {
  OnnxModel model({-1, 2, 1, 2});
  model.node("Flatten", {"x"}, "flat");
  model.reals("b", {4}, {1, 2, 3, 4}).node("Add", {"flat", "b"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Flatten Affine Output");
}

}  // namespace
}  // namespace rheobase::test

// Reshapes, joins, pads and slices: what each op becomes, in each form that the opsets give it.
#include <gmock/gmock.h>

#include <functional>
#include <limits>

#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The output shape of the node `name` when everything behind it is flattened.
Shape shape_at(OnnxModel& model, const std::string& value, const std::string& name) {
  model.node("Flatten", {value}, "y");
  const Graph graph = model.import();
  return shapes_of(graph).at(name);
}

OnnxModel image(int opset = 17) { return OnnxModel({-1, 2, 5, 6}, opset); }

TEST(ReshapesInOnnx, ThatAmountToAFlattenAreOne) {
  const auto flattens = [](const std::function<void(OnnxModel&)>& reshape) {
    OnnxModel model({-1, 3, 1, 1});
    reshape(model);
    EXPECT_EQ(ops_of(model.import()), "Input Flatten Output");
  };
  flattens([](OnnxModel& m) { m.node("Flatten", {"x"}, "y"); });
  flattens([](OnnxModel& m) { m.node("Flatten", {"x"}, "y").with("axis", -3); });
  flattens([](OnnxModel& m) { m.integers("s", {0, -1}).node("Reshape", {"x", "s"}, "y"); });
  flattens([](OnnxModel& m) { m.integers("s", {-1, 3}).node("Reshape", {"x", "s"}, "y"); });
  flattens([](OnnxModel& m) { m.integers("s", {1, 3}).node("Reshape", {"x", "s"}, "y"); });
  flattens([](OnnxModel& m) { m.integers("a", {2, 3}).node("Squeeze", {"x", "a"}, "y"); });
  flattens([](OnnxModel& m) { m.node("Squeeze", {"x"}, "y"); });
  flattens([](OnnxModel& m) { m.node("Identity", {"x"}, "y"); });
  flattens([](OnnxModel& m) {
    m.node("Transpose", {"x"}, "t").with("perm", Ints{0, 2, 3, 1});
    m.node("Flatten", {"t"}, "y");
  });
}

TEST(ReshapesInOnnx, TakeAxesFromAttributesInOldOpsets) {
  OnnxModel model({-1, 3, 1, 1}, 11);
  model.node("Squeeze", {"x"}, "s").with("axes", Ints{-1, -2});
  model.node("Unsqueeze", {"s"}, "u").with("axes", Ints{2, 3});
  model.node("GlobalAveragePool", {"u"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input AvgPool2d Flatten Output");
}

TEST(ReshapesInOnnx, MayGoToAVectorAndBack) {
  OnnxModel model = image();
  model.node("Flatten", {"x"}, "f");
  model.integers("s", {-1, 2, 5, 6}).node("Reshape", {"f", "s"}, "r");
  model.node("GlobalAveragePool", {"r"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input AvgPool2d Flatten Output");
}

TEST(ReshapesInOnnx, RefuseToMixTheBatch) {
  OnnxModel model = image();
  model.integers("s", {-1, 2}).node("Reshape", {"x", "s"}, "y", "r");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("r: turns 1x2x5x6 into 30x2, which mixes the batch")));
}

TEST(ReshapesInOnnx, RefuseToMoveChannels) {
  OnnxModel model = image();
  model.node("Transpose", {"x"}, "t", "t").with("perm", Ints{0, 2, 3, 1});
  model.node("Flatten", {"t"}, "y");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("export the model with channels first")));
}

TEST(ReshapesInOnnx, ThatNobodyNeedsLeaveNoNode) {
  OnnxModel model({-1, 3});
  model.integers("a", {2}).node("Unsqueeze", {"x", "a"}, "u");
  model.node("Relu", {"u"}, "r");
  model.node("Squeeze", {"r", "a"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input ReLU Output");
}

TEST(AddInOnnx, JoinsBranches) {
  OnnxModel model = image();
  model.node("Relu", {"x"}, "r", "relu");
  model.node("Add", {"r", "x"}, "s", "join");
  model.node("Flatten", {"s"}, "y", "flat");
  EXPECT_THAT(dump(model.import()), HasSubstr("join = Add(relu, x)"));
}

TEST(AddInOnnx, RefusesToBroadcastActivations) {
  OnnxModel model = image();
  model.node("GlobalAveragePool", {"x"}, "g", "pool");
  model.node("Add", {"x", "g"}, "y", "join");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("join: adds 1x2x5x6 and 1x2x1x1")));
}

TEST(ArithmeticInOnnx, RefusesProductsOfActivations) {
  for (const char* op : {"Mul", "Div", "Sub", "Min"}) {
    OnnxModel model = image();
    model.node(op, {"x", "x"}, "y", "node");
    EXPECT_THAT(model.faults(), ElementsAre(testing::StartsWith("node: "))) << op;
  }
}

TEST(ConcatInOnnx, JoinsChannels) {
  OnnxModel model = image();
  model.node("Concat", {"x", "x"}, "c", "concat").with("axis", -3);
  EXPECT_EQ(shape_at(model, "c", "concat"), (Shape{4, 5, 6}));
  OnnxModel rows = image();
  rows.node("Concat", {"x", "x"}, "y", "concat").with("axis", 2);
  EXPECT_THAT(rows.faults(),
              ElementsAre(HasSubstr("concat: joins 1x2x5x6 along axis 2, which is not the channels'")));
}

TEST(PadInOnnx, IsReadInEveryOpset) {
  const Ints pads{0, 1, 2, 0, 0, 3, 0, 4};
  for (const int opset : {9, 13, 18}) {
    OnnxModel model = image(opset);
    Names inputs{"x"};
    if (opset > 9) inputs = {"x", "pads", "zero"};
    if (opset > 9) model.integers("pads", pads).real("zero", 0);
    auto node = model.node("Pad", inputs, "p", "pad");
    node.with("mode", "constant");
    if (opset == 9) node.with("pads", pads);
    model.node("Flatten", {"p"}, "y");
    const Graph graph = model.import();
    EXPECT_EQ(only(graph, "Pad").integers("before", {}), (Ints{1, 2, 0}));
    EXPECT_EQ(only(graph, "Pad").integers("after", {}), (Ints{3, 0, 4}));
  }
}

TEST(PadInOnnx, MayNameItsAxes) {
  OnnxModel model = image(18);
  model.integers("pads", {1, 2}).integers("axes", {-1});
  model.node("Pad", {"x", "pads", "", "axes"}, "p", "pad");
  EXPECT_EQ(shape_at(model, "p", "pad"), (Shape{2, 5, 9}));
}

TEST(PadInOnnx, RefusesWhatIsNoZeroPadding) {
  OnnxModel reflecting = image();
  reflecting.integers("pads", Ints(8, 1)).node("Pad", {"x", "pads"}, "y", "p").with("mode", "reflect");
  EXPECT_THAT(reflecting.faults(), ElementsAre(HasSubstr("p: pads by 'reflect'")));
  OnnxModel ones = image();
  ones.integers("pads", Ints(8, 1)).real("one", 1).node("Pad", {"x", "pads", "one"}, "y", "p");
  EXPECT_THAT(ones.faults(), ElementsAre(HasSubstr("p: pads with 1")));
  OnnxModel cropping = image();
  cropping.integers("pads", {0, 0, -1, 0, 0, 0, 0, 0}).node("Pad", {"x", "pads"}, "y", "p");
  EXPECT_THAT(cropping.faults(), ElementsAre(HasSubstr("p: ")));
  OnnxModel batch = image();
  batch.integers("pads", {1, 0, 0, 0, 0, 0, 0, 0}).node("Pad", {"x", "pads"}, "y", "p");
  EXPECT_THAT(batch.faults(), ElementsAre(HasSubstr("p: pads the batch")));
}

TEST(SliceInOnnx, ResolvesNegativeIndicesAndSteps) {
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  OnnxModel model = image();
  model.integers("starts", {-3, 0})
      .integers("ends", {-1, end})
      .integers("axes", {2, -1})
      .integers("steps", {1, 4});
  model.node("Slice", {"x", "starts", "ends", "axes", "steps"}, "s", "slice");
  model.node("Flatten", {"s"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(only(graph, "Slice").integers("start", {}), (Ints{0, 2, 0}));
  EXPECT_EQ(only(graph, "Slice").integers("stop", {}), (Ints{2, 4, 5}));
  EXPECT_EQ(only(graph, "Slice").integers("step", {}), (Ints{1, 1, 4}));
  EXPECT_EQ(shapes_of(graph).at("slice"), (Shape{2, 2, 2}));
}

TEST(SliceInOnnx, TakesAttributesInOldOpsetsAndVanishesWhenItKeepsAll) {
  OnnxModel model = image(9);
  model.node("Slice", {"x"}, "s").with("starts", Ints{0}).with("ends", Ints{99}).with("axes", Ints{1});
  model.node("Flatten", {"s"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Flatten Output");
}

TEST(SliceInOnnx, RefusesBackwardStepsEmptyRangesAndTheBatch) {
  const auto fault = [](const Ints& start, const Ints& end, const Ints& axis, const Ints& step) {
    OnnxModel model({3, 2, 5, 6});
    model.integers("s", start).integers("e", end).integers("a", axis).integers("p", step);
    model.node("Slice", {"x", "s", "e", "a", "p"}, "y", "slice");
    return model.faults();
  };
  EXPECT_THAT(fault({-1}, {-9}, {2}, {-1}),
              ElementsAre("slice: has the step -1; steps from 1 are supported"));
  EXPECT_THAT(fault({3}, {3}, {2}, {1}), ElementsAre("slice: keeps nothing"));
  EXPECT_THAT(fault({1}, {3}, {0}, {1}), ElementsAre("slice: slices the batch"));
  EXPECT_THAT(fault({1}, {3}, {4}, {1}), ElementsAre("slice: axis 4 does not exist in rank 4"));
  EXPECT_THAT(fault({1}, {3}, {1}, {0}), ElementsAre("slice: slices by an unusable step"));
}

TEST(InferenceInOnnx, PassesIdentityDropoutAndCasts) {
  OnnxModel model({-1, 3}, 9);
  model.node("Identity", {"x"}, "i");
  model.node("Dropout", {"i"}, "d").with("ratio", 0.5);
  model.node("Cast", {"d"}, "c").with("to", 1);
  model.node("Relu", {"c"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input ReLU Output");
}

TEST(InferenceInOnnx, RefusesDropoutThatTrainsAndCastsThatRound) {
  OnnxModel training({-1, 3});
  training.real("ratio", 0.5F).integer("training", 1);
  training.node("Dropout", {"x", "ratio", "training"}, "y", "d");
  EXPECT_THAT(training.faults(), ElementsAre(HasSubstr("d: is in training mode")));
  OnnxModel rounding({-1, 3});
  rounding.node("Cast", {"x"}, "y", "c").with("to", 7);
  EXPECT_THAT(rounding.faults(), ElementsAre(HasSubstr("c: casts activations")));
}

TEST(BatchInOnnx, MayBeFixedAtAnySize) {
  OnnxModel model({32, 2, 5, 6});
  model.integers("s", {32, 60}).node("Reshape", {"x", "s"}, "y");
  EXPECT_EQ(shapes_of(model.import()).at("x"), (Shape{2, 5, 6}));
}

TEST(OutputInOnnx, MayKeepPixelsOfExtentOne) {
  OnnxModel model = image();
  model.node("GlobalAveragePool", {"x"}, "y", "pool");
  EXPECT_EQ(ops_of(model.import()), "Input AvgPool2d Flatten Output");
}

TEST(NamesInOnnx, AreReadableAndUnique) {
  OnnxModel model({-1, 3});
  model.reals("w", {3, 3}, Floats(9, 1));
  model.node("MatMul", {"x", "w"}, "a", "fc one");
  model.node("MatMul", {"a", "w"}, "b", "fc:one");
  model.node("MatMul", {"b", "w"}, "c::d");
  model.node("MatMul", {"c::d", "w"}, "y");
  std::vector<std::string> names;
  for (const Node& node : model.import().nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("x", "fc_one", "fc_one_2", "c__d", "y_2", "y"));
}

}  // namespace
}  // namespace rheobase::test

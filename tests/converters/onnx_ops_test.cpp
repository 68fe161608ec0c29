// What each ONNX op becomes, in each form that the opsets give it.
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

TEST(ConvInOnnx, KeepsStridesPadsDilationsAndGroups) {
  OnnxModel model = image();
  model.reals("w", {4, 1, 3, 2}, Floats(24, 1)).reals("b", {4}, {1, 2, 3, 4});
  model.node("Conv", {"x", "w", "b"}, "c", "conv")
      .with("strides", Ints{1, 2})
      .with("pads", Ints{0, 1, 2, 3})
      .with("dilations", Ints{2, 1})
      .with("kernel_shape", Ints{3, 2})
      .with("group", 2);
  model.node("Flatten", {"c"}, "y");
  const Graph graph = model.import();
  const Node& conv = only(graph, "Conv2d");
  EXPECT_EQ(conv.integers("stride", {}), (Ints{1, 2}));
  EXPECT_EQ(conv.integers("padding", {}), (Ints{0, 1, 2, 3}));
  EXPECT_EQ(conv.integers("dilation", {}), (Ints{2, 1}));
  EXPECT_EQ(conv.integer("groups", 0), 2);
  EXPECT_EQ(conv.tensor("bias")->values, (Floats{1, 2, 3, 4}));
  EXPECT_EQ(shapes_of(graph).at("conv"), (Shape{4, 3, 5}));
}

struct AutoPad {
  const char* mode;
  Ints padding;
  Shape shape;
};
class ConvAutoPad : public testing::TestWithParam<AutoPad> {};

TEST_P(ConvAutoPad, BecomesExplicitPadding) {
  OnnxModel model = image();
  model.reals("w", {1, 2, 2, 3}, Floats(12, 1));
  model.node("Conv", {"x", "w"}, "c", "conv").with("strides", Ints{2, 2}).with("auto_pad", GetParam().mode);
  model.node("Flatten", {"c"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(only(graph, "Conv2d").integers("padding", {0, 0, 0, 0}), GetParam().padding);
  EXPECT_EQ(shapes_of(graph).at("conv"), GetParam().shape);
}

INSTANTIATE_TEST_SUITE_P(Modes, ConvAutoPad,
                         testing::Values(AutoPad{"NOTSET", {0, 0, 0, 0}, {1, 2, 2}},
                                         AutoPad{"VALID", {0, 0, 0, 0}, {1, 2, 2}},
                                         AutoPad{"SAME_UPPER", {0, 0, 1, 1}, {1, 3, 3}},
                                         AutoPad{"SAME_LOWER", {1, 1, 0, 0}, {1, 3, 3}}),
                         [](const auto& info) { return std::string(info.param.mode); });

TEST(GemmInOnnx, StoresOneRowAnOutput) {
  for (const int transposed : {0, 1}) {
    OnnxModel model({-1, 2});
    model.reals("w", transposed != 0 ? Ints{3, 2} : Ints{2, 3},
                transposed != 0 ? Floats{1, 4, 2, 5, 3, 6} : Floats{1, 2, 3, 4, 5, 6});
    model.node("Gemm", {"x", "w"}, "y").with("transB", transposed);
    const Graph graph = model.import();
    EXPECT_EQ(only(graph, "Linear").tensor("weight")->shape, (Shape{3, 2}));
    EXPECT_EQ(only(graph, "Linear").tensor("weight")->values, (Floats{1, 4, 2, 5, 3, 6}));
    EXPECT_EQ(only(graph, "Linear").tensor("bias"), nullptr);
  }
}

TEST(GemmInOnnx, MultipliesByAlphaAndBeta) {
  OnnxModel model({-1, 1});
  model.reals("w", {1, 1}, {3}).reals("b", {1}, {5});
  model.node("Gemm", {"x", "w", "b"}, "y").with("alpha", 2.0).with("beta", 10.0);
  EXPECT_EQ(dump(model.import()),
            "x = Input() {shape=(1)}\ny_2 = Linear(x) [bias=50 weight=6]\ny = Output(y_2)\n");
}

TEST(GemmInOnnx, TakesABiasOfEveryShapeThatBroadcasts) {
  for (const Ints& dims : {Ints{2}, Ints{1, 2}}) {
    OnnxModel model({-1, 1});
    model.reals("w", {1, 2}, {1, 1}).reals("b", dims, {5, 6}).node("Gemm", {"x", "w", "b"}, "y");
    EXPECT_EQ(only(model.import(), "Linear").tensor("bias")->values, (Floats{5, 6}));
  }
  for (const Ints& dims : {Ints{}, Ints{1}, Ints{1, 1}}) {
    OnnxModel model({-1, 1});
    model.reals("w", {1, 2}, {1, 1}).reals("b", dims, {5}).node("Gemm", {"x", "w", "b"}, "y");
    EXPECT_EQ(only(model.import(), "Linear").tensor("bias")->values, (Floats{5, 5}));
  }
}

TEST(GemmInOnnx, RefusesABiasPerSampleAndATransposedInput) {
  OnnxModel model({2, 1});
  model.reals("w", {1, 1}, {1}).reals("b", {2, 1}, {5, 6}).node("Gemm", {"x", "w", "b"}, "y", "g");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("g: has a bias of shape 2x1 for 1 outputs")));
  OnnxModel transposed({-1, 1});
  transposed.reals("w", {1, 1}, {1}).node("Gemm", {"x", "w"}, "y", "g").with("transA", 1);
  EXPECT_THAT(transposed.faults(), ElementsAre(HasSubstr("transA")));
}

TEST(MatMulInOnnx, IsALinearWhoseBiasIsAddedBehind) {
  OnnxModel model({-1, 2});
  model.reals("w", {2, 1}, {1, 2}).reals("b", {1}, {5});
  model.node("MatMul", {"x", "w"}, "m").with("unused", 1);
  model.node("Add", {"b", "m"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Linear Affine Output");
}

TEST(MatMulInOnnx, NeedsTheActivationOnTheLeft) {
  OnnxModel model({2, 2});
  model.reals("w", {2, 2}, {1, 2, 3, 4}).node("MatMul", {"w", "x"}, "y", "m");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("m: 'w' must depend on the input")));
}

TEST(BatchNormalizationInOnnx, BecomesAffineComputedInDouble) {
  OnnxModel model({-1, 2});
  model.reals("g", {2}, {2, 3}).reals("b", {2}, {1, -1}).reals("m", {2}, {0.5F, 4}).reals("v", {2}, {3, 8});
  model.node("BatchNormalization", {"x", "g", "b", "m", "v"}, "y").with("epsilon", 1.0);
  const Graph graph = model.import();
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->values, (Floats{1, 1}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->values, (Floats{0.5F, -5}));
}

TEST(BatchNormalizationInOnnx, RefusesTrainingModeAndNegativeVariance) {
  for (const bool training : {true, false}) {
    OnnxModel model({-1, 1});
    model.reals("g", {1}, {2}).reals("m", {1}, {0}).reals("v", {1}, {training ? 1.0F : -1.0F});
    model.node("BatchNormalization", {"x", "g", "m", "m", "v"}, "y", "bn")
        .with("training_mode", training ? 1 : 0);
    EXPECT_THAT(model.faults(),
                ElementsAre(HasSubstr(training ? "bn: is in training mode" : "bn: gamma / sqrt")));
  }
}

TEST(PoolsInOnnx, KeepTheirWindows) {
  OnnxModel model = image();
  model.node("AveragePool", {"x"}, "a", "average")
      .with("kernel_shape", Ints{3, 2})
      .with("strides", Ints{2, 3})
      .with("pads", Ints{1, 0, 1, 1})
      .with("count_include_pad", 1);
  model.node("MaxPool", {"a"}, "m", "max").with("kernel_shape", Ints{2, 1}).with("dilations", Ints{2, 1});
  model.node("Flatten", {"m"}, "y");
  EXPECT_THAT(
      dump(model.import()),
      HasSubstr("average = AvgPool2d(x) {count_include_pad=1 kernel=(3,2) padding=(1,0,1,1) stride=(2,3)}\n"
                "max = MaxPool2d(average) {dilation=(2,1) kernel=(2,1)}\n"));
}

TEST(PoolsInOnnx, RoundUpWithoutAWindowThatBeginsBehindTheImage) {
  OnnxModel model = image();
  model.node("AveragePool", {"x"}, "a", "pool")
      .with("kernel_shape", Ints{2, 2})
      .with("strides", Ints{2, 2})
      .with("ceil_mode", 1);
  EXPECT_EQ(shape_at(model, "a", "pool"), (Shape{2, 3, 3}));
  OnnxModel padded = image();
  padded.node("MaxPool", {"x"}, "a", "pool")
      .with("kernel_shape", Ints{2, 2})
      .with("strides", Ints{2, 2})
      .with("pads", Ints{0, 1, 0, 1})
      .with("ceil_mode", 1);
  EXPECT_EQ(shape_at(padded, "a", "pool"), (Shape{2, 3, 4}));
}

TEST(PoolsInOnnx, RefuseADilatedAverageAndTheIndicesOfAMaximum) {
  OnnxModel model = image(19);
  model.node("AveragePool", {"x"}, "y", "p").with("kernel_shape", Ints{2, 2}).with("dilations", Ints{2, 2});
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("p: averages over a dilated window")));
  OnnxModel indices = image();
  indices.node("MaxPool", {"x"}, "m", "p").with("kernel_shape", Ints{2, 2}).proto().add_output("i");
  indices.node("Flatten", {"i"}, "y");
  EXPECT_THAT(indices.faults(), ElementsAre(HasSubstr("p: its output 'i' is used")));
}

TEST(GlobalPoolsInOnnx, CoverTheImage) {
  for (const auto& [op, expected] :
       {std::pair{"GlobalAveragePool", "AvgPool2d"}, std::pair{"GlobalMaxPool", "MaxPool2d"}}) {
    OnnxModel model = image();
    model.node(op, {"x"}, "g", "global");
    model.node("Flatten", {"g"}, "y");
    EXPECT_EQ(only(model.import(), expected).integers("kernel", {}), (Ints{5, 6}));
  }
}

TEST(ReduceMeanInOnnx, IsAGlobalPoolInEveryOpsetAndForm) {
  for (const int opset : {17, 18}) {
    for (const int keep : {0, 1}) {
      OnnxModel model = image(opset);
      Names inputs{"x"};
      if (opset == 18) inputs.push_back("axes");
      model.integers("axes", {-1, 2});
      auto node = model.node("ReduceMean", inputs, "g");
      node.with("keepdims", keep);
      if (opset == 17) node.with("axes", Ints{-1, 2});
      model.node("Flatten", {"g"}, "y");
      const Graph graph = model.import();
      EXPECT_EQ(only(graph, "AvgPool2d").integers("kernel", {}), (Ints{5, 6}));
      EXPECT_EQ(ops_of(graph), "Input AvgPool2d Flatten Output");
    }
  }
}

TEST(ReduceMeanInOnnx, MayTakeOneAxisAfterTheOther) {
  OnnxModel model = image();
  model.node("ReduceMean", {"x"}, "rows").with("axes", Ints{3}).with("keepdims", 0);
  model.node("ReduceMean", {"rows"}, "y").with("axes", Ints{2}).with("keepdims", 0);
  EXPECT_EQ(ops_of(model.import()), "Input AvgPool2d AvgPool2d Flatten Output");
}

TEST(ReduceMeanInOnnx, MayAverageJoinedPixels) {
  OnnxModel model = image();
  model.integers("shape", {0, 2, -1}).node("Reshape", {"x", "shape"}, "r");
  model.node("ReduceMean", {"r"}, "y").with("axes", Ints{-1}).with("keepdims", 0);
  EXPECT_EQ(only(model.import(), "AvgPool2d").integers("kernel", {}), (Ints{5, 6}));
}

TEST(ReduceMeanInOnnx, RefusesChannelsAndTheBatch) {
  for (const std::int64_t axis : {0, 1}) {
    OnnxModel model = image();
    model.node("ReduceMean", {"x"}, "y", "mean").with("axes", Ints{axis});
    EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("mean: averages over axes")));
  }
}

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
  EXPECT_THAT(rows.faults(), ElementsAre(HasSubstr("concat: joins along axis 2")));
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

// Layers and pools: what each op becomes, in each form that the opsets give it.
#include <gmock/gmock.h>

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
  EXPECT_EQ(conv.tensor("bias")->reals(), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(shapes_of(graph).at("conv"), (Shape{4, 3, 5}));
}

struct AutoPad {
  const char* mode;
  Ints padding;
  Shape shape;
};
void PrintTo(const AutoPad& pad, std::ostream* out) { *out << pad.mode; }
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
    EXPECT_EQ(only(graph, "Linear").tensor("weight")->reals(), (Floats{1, 4, 2, 5, 3, 6}));
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
    EXPECT_EQ(only(model.import(), "Linear").tensor("bias")->reals(), (Floats{5, 6}));
  }
  for (const Ints& dims : {Ints{}, Ints{1}, Ints{1, 1}}) {
    OnnxModel model({-1, 1});
    model.reals("w", {1, 2}, {1, 1}).reals("b", dims, {5}).node("Gemm", {"x", "w", "b"}, "y");
    EXPECT_EQ(only(model.import(), "Linear").tensor("bias")->reals(), (Floats{5, 5}));
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
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{1, 1}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{0.5F, -5}));
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

}  // namespace
}  // namespace rheobase::test

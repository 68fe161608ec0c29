// Orders of axes: channels last, transposes that cancel, matrices that are permuted, 1-D as height 1.
#include <gmock/gmock.h>

#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Ints to_last{0, 2, 3, 1};
const Ints to_first{0, 3, 1, 2};

/// 0, 1, 2, ...
Floats counting(std::size_t count) {
  Floats values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i);
  return values;
}

/// A MatMul with one output, whose weight from the k-th element of what it reads is k.
void add_counting_matmul(OnnxModel& model, const std::string& input, std::int64_t features) {
  model.reals("w", {features, 1}, counting(static_cast<std::size_t>(features)));
  model.node("MatMul", {input, "w"}, "y", "fc");
}

TEST(TransposesInOnnx, AreTakenUpByTheMatrixBehindAFlatten) {
  OnnxModel model({-1, 2, 1, 3});
  model.node("Transpose", {"x"}, "t").with("perm", to_last);
  model.node("Flatten", {"t"}, "f");
  add_counting_matmul(model, "f", 6);
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Flatten Linear Output");
  // The file's element (w, c) is 2 w + c; the network's is (c, w).
  EXPECT_EQ(only(graph, "Linear").tensor("weight")->reals(), (Floats{0, 2, 4, 1, 3, 5}));
}

TEST(TransposesInOnnx, AreTakenUpByAGemmOfEitherOrientation) {
  OnnxModel model({-1, 2, 1, 3});
  model.node("Transpose", {"x"}, "t").with("perm", to_last);
  model.integers("s", {0, -1}).node("Reshape", {"t", "s"}, "f");
  model.reals("w", {1, 6}, counting(6)).node("Gemm", {"f", "w"}, "y", "fc").with("transB", 1);
  EXPECT_EQ(only(model.import(), "Linear").tensor("weight")->reals(), (Floats{0, 2, 4, 1, 3, 5}));
}

TEST(TransposesInOnnx, CancelAroundElementwiseOpsAndPools) {
  OnnxModel model({-1, 2, 4, 4});
  model.node("Transpose", {"x"}, "last").with("perm", to_last);
  model.reals("shift", {2}, {1, 2}).node("Add", {"last", "shift"}, "a", "shift");
  model.node("Relu", {"a"}, "r", "relu");
  model.node("Transpose", {"r"}, "first").with("perm", to_first);
  model.node("MaxPool", {"first"}, "p", "pool").with("kernel_shape", Ints{2, 2});
  model.node("Flatten", {"p"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Affine ReLU MaxPool2d Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{1, 2}));
}

TEST(TransposesInOnnx, LeaveMeansPadsSlicesAndJoinsTheirAxes) {
  OnnxModel model({-1, 2, 4, 5});
  model.node("Transpose", {"x"}, "last").with("perm", to_last);  // N H W C
  model.integers("pads", {0, 1, 0, 0, 0, 2, 0, 0}).node("Pad", {"last", "pads"}, "p", "pad");
  model.integers("one", {1}).integers("three", {3}).integers("width", {2});
  model.node("Slice", {"p", "one", "three", "width"}, "s", "slice");
  model.node("Concat", {"s", "s"}, "c", "concat").with("axis", -1);
  model.node("ReduceMean", {"c"}, "m", "mean").with("axes", Ints{1, 2}).with("keepdims", 0);
  add_counting_matmul(model, "m", 4);
  const Graph graph = model.import();
  const ShapeMap shapes = shapes_of(graph);
  EXPECT_EQ(shapes.at("pad"), (Shape{2, 7, 5}));
  EXPECT_EQ(shapes.at("slice"), (Shape{2, 7, 2}));
  EXPECT_EQ(shapes.at("concat"), (Shape{4, 7, 2}));
  EXPECT_EQ(shapes.at("mean"), (Shape{4, 1, 1}));
  EXPECT_EQ(only(graph, "Linear").tensor("weight")->reals(), (Floats{0, 1, 2, 3}));
}

TEST(TransposesInOnnx, OfAFlattenedImagePermuteConstantsAFeature) {
  OnnxModel model({-1, 2, 1, 2});
  model.node("Transpose", {"x"}, "t").with("perm", to_last);
  model.node("Flatten", {"t"}, "f");
  model.reals("b", {4}, {0, 1, 2, 3}).node("Add", {"f", "b"}, "a", "bias");
  model.reals("g", {4}, {4, 5, 6, 7}).reals("o", {4}, {0, 0, 0, 0}).reals("v", {4}, {1, 1, 1, 1});
  model.node("BatchNormalization", {"a", "g", "o", "o", "v"}, "n", "norm").with("epsilon", 0.0);
  add_counting_matmul(model, "n", 4);
  const Graph graph = model.import();
  EXPECT_EQ(graph.find("bias")->tensor("shift")->reals(), (Floats{0, 2, 1, 3}));
  EXPECT_EQ(graph.find("norm")->tensor("scale")->reals(), (Floats{4, 6, 5, 7}));
  EXPECT_EQ(only(graph, "Linear").tensor("weight")->reals(), (Floats{0, 2, 1, 3}));
}

TEST(TransposesInOnnx, JoinBranchesOfOneOrder) {
  OnnxModel model({-1, 2, 1, 3});
  model.node("Transpose", {"x"}, "t").with("perm", to_last);
  model.node("Relu", {"t"}, "r", "relu");
  model.node("Add", {"r", "t"}, "a", "join");
  model.node("Flatten", {"a"}, "f");
  add_counting_matmul(model, "f", 6);
  EXPECT_EQ(only(model.import(), "Linear").tensor("weight")->reals(), (Floats{0, 2, 4, 1, 3, 5}));
  OnnxModel crossed({-1, 3, 3, 3});
  crossed.node("Transpose", {"x"}, "t").with("perm", to_last);
  crossed.node("Add", {"x", "t"}, "a", "join").proto();
  crossed.node("Flatten", {"a"}, "y");
  EXPECT_THAT(crossed.faults(),
              ElementsAre(HasSubstr("join: adds 'x' and 't', whose elements are in different orders")));
}

TEST(TransposesInOnnx, ThatNothingTakesUpAreRefused) {
  OnnxModel output({-1, 2, 1, 3});
  output.node("Transpose", {"x"}, "t").with("perm", to_last);
  output.node("Flatten", {"t"}, "y");
  EXPECT_THAT(output.faults(),
              ElementsAre(HasSubstr("y: takes 'y' in an order that is not the one of channels first")));
  OnnxModel conv({-1, 2, 3, 3});
  conv.node("Transpose", {"x"}, "t").with("perm", Ints{0, 1, 3, 2});
  conv.reals("w", {1, 2, 1, 1}, {1, 1}).node("Conv", {"t", "w"}, "y", "conv");
  EXPECT_THAT(conv.faults(), ElementsAre(HasSubstr("conv: takes N x C x H x W or N x C x L")));
  OnnxModel split({-1, 6, 2, 2});
  split.integers("s", {-1, 2, 3, 4}).node("Reshape", {"x", "s"}, "r");
  split.node("Transpose", {"r"}, "y", "t").with("perm", Ints{0, 2, 1, 3});
  EXPECT_THAT(split.faults(), ElementsAre(HasSubstr("t: permutes 1x2x3x4, a reshaped 6x2x2")));
  OnnxModel batch({-1, 2, 3, 3});
  batch.node("Transpose", {"x"}, "y", "t").with("perm", Ints{1, 0, 2, 3});
  EXPECT_THAT(batch.faults(), ElementsAre("t: moves the batch to another axis"));
}

TEST(ChannelsLastInOnnx, TakeSamplesOfChannelsFirst) {
  OnnxModel model({-1, 4, 5, 3});
  model.reals("mean", {3}, {1, 2, 3}).node("Sub", {"x", "mean"}, "n", "normalise");
  model.node("Transpose", {"n"}, "t").with("perm", to_first);
  model.reals("w", {2, 3, 1, 1}, Floats(6, 1)).node("Conv", {"t", "w"}, "c", "conv");
  model.node("Flatten", {"c"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Affine Conv2d Flatten Output");
  EXPECT_EQ(shapes_of(graph).at("x"), (Shape{3, 4, 5}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{-1, -2, -3}));
  EXPECT_THAT(model.notes(),
              ElementsAre("x: the file takes channels last, 1x4x5x3; the samples of the imported "
                          "network are C x H x W, 3x4x5"));
}

TEST(ChannelsLastInOnnx, OfOneChannelAreAReshape) {
  OnnxModel model({-1, 4, 5, 1});
  model.integers("s", {-1, 1, 4, 5}).node("Reshape", {"x", "s"}, "r");
  model.reals("w", {2, 1, 3, 3}, Floats(18, 1)).node("Conv", {"r", "w"}, "c");
  model.node("Flatten", {"c"}, "y");
  EXPECT_EQ(shapes_of(model.import()).at("x"), (Shape{1, 4, 5}));
  EXPECT_TRUE(model.notes().empty());
}

TEST(ChannelsLastInOnnx, AreNotAssumedWhereReadersDiffer) {
  OnnxModel model({-1, 2, 2, 2});
  model.node("Transpose", {"x"}, "t", "t").with("perm", to_first);
  model.reals("w", {1, 2, 1, 1}, {1, 1});
  model.node("Conv", {"t", "w"}, "a", "turned").proto();
  model.node("Conv", {"x", "w"}, "b", "straight");
  model.node("Add", {"a", "b"}, "s", "sum");
  model.node("Flatten", {"s"}, "y");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("turned: takes N x C x H x W")));
}

TEST(GrayImagesInOnnx, MayComeWithoutChannels) {
  for (const Ints& shape : {Ints{-1, 1, 4, 5}, Ints{-1, 20}}) {
    OnnxModel model({-1, 4, 5});
    model.integers("s", shape).node("Reshape", {"x", "s"}, "r");
    model.node("Flatten", {"r"}, "y");
    EXPECT_EQ(shapes_of(model.import()).at("x"), (Shape{1, 4, 5}));
  }
}

TEST(ChannelsLastInOnnx, AreRefusedOrSoundWithAnyByteChanged) {
  OnnxModel model({-1, 4, 5, 2});
  model.node("Transpose", {"x"}, "t").with("perm", to_first);
  model.reals("k", {2, 2, 1, 1}, Floats(4, 1)).node("Conv", {"t", "k"}, "c").with("pads", Ints{0, 0, 0, 0});
  model.node("Transpose", {"c"}, "l").with("perm", to_last);
  model.integers("pads", {0, 1, 0, 0, 0, 0, 0, 0}).node("Pad", {"l", "pads"}, "p");
  model.node("Concat", {"p", "p"}, "j").with("axis", 3);
  model.node("ReduceMean", {"j"}, "m").with("axes", Ints{1}).with("keepdims", 0);
  model.integers("s", {-1, 20}).node("Reshape", {"m", "s"}, "f");
  add_counting_matmul(model, "f", 20);
  ASSERT_TRUE(model.faults().empty());
  EXPECT_NO_THROW(import_with_any_byte_changed(model.bytes()));
}

TEST(OneDimensionInOnnx, IsHeightOne) {
  OnnxModel model({-1, 2, 8});
  model.reals("w", {3, 2, 3}, counting(18)).reals("b", {3}, {1, 2, 3});
  model.node("Conv", {"x", "w", "b"}, "c", "conv").with("pads", Ints{1, 0}).with("strides", Ints{2});
  model.reals("one", {3}, {1, 1, 1});
  model.node("BatchNormalization", {"c", "one", "b", "b", "one"}, "n", "norm");
  model.node("Relu", {"n"}, "r", "relu");
  model.node("MaxPool", {"r"}, "p", "pool").with("kernel_shape", Ints{2}).with("strides", Ints{2});
  model.node("Flatten", {"p"}, "f");
  add_counting_matmul(model, "f", 6);
  model.proto().mutable_graph()->mutable_initializer()->rbegin()->set_name("w2");
  model.proto().mutable_graph()->mutable_node()->rbegin()->set_input(1, "w2");
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Conv2d Affine ReLU MaxPool2d Flatten Linear Output");
  const Node& conv = only(graph, "Conv2d");
  EXPECT_EQ(conv.tensor("weight")->shape, (Shape{3, 2, 1, 3}));
  EXPECT_EQ(conv.integers("stride", {}), (Ints{1, 2}));
  EXPECT_EQ(conv.integers("padding", {}), (Ints{0, 1, 0, 0}));
  const ShapeMap shapes = shapes_of(graph);
  EXPECT_EQ(shapes.at("x"), (Shape{2, 1, 8}));
  EXPECT_EQ(shapes.at("conv"), (Shape{3, 1, 4}));
  EXPECT_EQ(shapes.at("pool"), (Shape{3, 1, 2}));
}

TEST(OneDimensionInOnnx, HasMeansGlobalPoolsAndTurnedInputs) {
  OnnxModel model({-1, 8, 2});
  model.node("Transpose", {"x"}, "t").with("perm", Ints{0, 2, 1});
  model.reals("k", {2, 2, 3}, Floats(12, 1)).node("Conv", {"t", "k"}, "c", "conv");
  model.node("AveragePool", {"c"}, "p", "pool").with("kernel_shape", Ints{2});
  model.node("ReduceMean", {"p"}, "m", "mean").with("axes", Ints{2}).with("keepdims", 1);
  model.node("GlobalAveragePool", {"m"}, "y", "global");
  const Graph graph = model.import();
  EXPECT_EQ(shapes_of(graph).at("x"), (Shape{2, 1, 8}));
  EXPECT_EQ(shapes_of(graph).at("mean"), (Shape{2, 1, 1}));
  EXPECT_EQ(ops_of(graph), "Input Conv2d AvgPool2d AvgPool2d AvgPool2d Flatten Output");
}

TEST(OneDimensionInOnnx, TakesNumbersForOneAxis) {
  OnnxModel model({-1, 2, 8});
  model.reals("w", {3, 2, 3}, counting(18));
  model.node("Conv", {"x", "w"}, "y", "conv").with("strides", Ints{2, 2});
  EXPECT_THAT(model.faults(), ElementsAre("conv: attribute 'strides' is (2,2), expected 1 numbers from 1"));
}

TEST(SoftmaxInOnnx, AtTheEndIsLeftOutWithANote) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    for (const int opset : {11, 17}) {
      OnnxModel model({-1, 3}, opset);
      model.reals("w", {3, 2}, Floats(6, 1)).node("MatMul", {"x", "w"}, "m", "fc");
      model.node(op, {"m"}, "s", "softmax").with("axis", 1);
      model.node("Identity", {"s"}, "y");
      EXPECT_EQ(ops_of(model.import()), "Input Linear Output");
      EXPECT_THAT(model.notes(),
                  ElementsAre("softmax: this softmax at the end is left out: the network gives "
                              "logits, and confidence is computed from them"));
    }
  }
}

TEST(SoftmaxInOnnx, ElsewhereIsRefused) {
  OnnxModel inner({-1, 3});
  inner.reals("w", {3, 2}, Floats(6, 1)).node("Softmax", {"x"}, "s", "softmax");
  inner.node("MatMul", {"s", "w"}, "y");
  EXPECT_THAT(inner.faults(), ElementsAre(HasSubstr("softmax: is a softmax inside the network")));
  OnnxModel shared({-1, 3});
  shared.node("Softmax", {"x"}, "s", "softmax");
  shared.node("Add", {"s", "s"}, "y");
  EXPECT_THAT(shared.faults(), ElementsAre(HasSubstr("softmax: is a softmax inside the network")));
  OnnxModel pixels({-1, 2, 3, 3});
  pixels.node("Softmax", {"x"}, "s", "softmax").with("axis", 1);
  pixels.node("Flatten", {"s"}, "y");
  EXPECT_THAT(pixels.faults(), ElementsAre(HasSubstr("softmax: is a softmax over a part of 1x2x3x3")));
}

}  // namespace
}  // namespace rheobase::test

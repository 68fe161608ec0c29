// What is refused, and that the message says where, why and what would do.
#include <gmock/gmock.h>

#include <limits>

#include "converters/onnx/import/group_faults.h"
#include "converters/onnx/importer.h"
#include "converters/onnx/proto/import_bytes.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using onnx_import::import_onnx_bytes;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

/// x -> Conv -> Relu -> Flatten -> Gemm -> y
OnnxModel small_network(Ints input = {-1, 1, 4, 4}) {
  OnnxModel model(std::move(input));
  model.reals("w", {2, 1, 3, 3}, Floats(18, 0.5F)).reals("fc", {3, 8}, Floats(24, 1));
  model.node("Conv", {"x", "w"}, "c", "conv");
  model.node("Relu", {"c"}, "r", "relu");
  model.node("Flatten", {"r"}, "f", "flat");
  model.node("Gemm", {"f", "fc"}, "y", "gemm").with("transB", 1);
  return model;
}

TEST(SmallNetwork, Imports) {
  EXPECT_EQ(ops_of(small_network().import()), "Input Conv2d ReLU Flatten Linear Output");
}

TEST(DamagedOnnxFile, IsRefusedAtEveryLength) {
  testing::internal::CaptureStderr();
  const std::string bytes = small_network().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(import_onnx_bytes(bytes.substr(0, length), "cut.onnx", ""), InputError) << length;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(DamagedOnnxFile, IsRefusedOrSoundWithAnyByteChanged) {
  import_with_any_byte_changed(small_network().bytes());
}

TEST(DamagedOnnxFile, IsNoOnnxFile) {
  EXPECT_THAT([] { import_onnx_bytes("", "f", ""); },
              ThrowsMessage<InputError>(HasSubstr("holds no ONNX model")));
  EXPECT_THAT([] { import_onnx_bytes("once upon a time", "f", ""); },
              ThrowsMessage<InputError>(HasSubstr("f: is not an ONNX file")));
  EXPECT_THROW(import_onnx("/nonexistent/model.onnx"), InputError);
}

TEST(UnsupportedOps, AreAllNamedWithTheWayOut) {
  OnnxModel model({-1, 3});
  model.node("Sigmoid", {"x"}, "a", "first");
  model.node("Loop", {"a"}, "b", "second");
  model.node("Softmax", {"b"}, "y", "third");
  EXPECT_THAT(
      model.faults(),
      ElementsAre("first: op Sigmoid is not supported: has no spiking form as an activation: retrain with "
                  "ReLU or QCFS, or with Sign for '--to bnn'",
                  "second: op Loop is not supported: a graph without control flow is needed"));
}

TEST(UnsupportedOps, OfOtherDomainsAreNamedInFull) {
  OnnxModel model({-1, 3});
  model.node("Conv", {"x"}, "y", "n").proto().set_domain("com.microsoft");
  EXPECT_THAT(
      model.faults(),
      ElementsAre("n: op com.microsoft:Conv is not supported: docs/reference/onnx.md lists the operators "
                  "that are"));
}

TEST(UnsupportedOps, ThatNothingNeedsAreIgnored) {
  OnnxModel model = small_network();
  model.node("Sigmoid", {"c"}, "unused");
  EXPECT_TRUE(model.faults().empty());
}

TEST(UnsupportedOps, DoNotHideFaultsOfOtherBranches) {
  OnnxModel model({-1, 3});
  model.reals("w", {2, 2}, {1, 2, 3, std::numeric_limits<float>::quiet_NaN()});
  model.node("Sigmoid", {"x"}, "a", "first");
  model.node("MatMul", {"x", "w"}, "b", "second");
  model.node("Add", {"a", "b"}, "y", "third");
  EXPECT_THAT(model.faults(),
              ElementsAre(StartsWith("first: "),
                          "second: the matrix holds nan at index 3, which is not a finite float32"));
}

TEST(UnsupportedOps, ThatWouldBeFoldedSaySoOnActivations) {
  OnnxModel model({-1, 3});
  model.node("Tanh", {"x"}, "y", "act");
  EXPECT_THAT(model.faults(),
              ElementsAre(StartsWith("act: op Tanh is not supported on activations: has no spiking form")));
}

TEST(UnsupportedOps, IncludeProductsOfActivations) {
  OnnxModel attention({-1, 3});
  attention.node("Relu", {"x"}, "k");
  attention.node("MatMul", {"x", "k"}, "y", "scores");
  EXPECT_THAT(attention.faults(),
              ElementsAre(StartsWith("scores: multiplies activations with each other, as attention")));
  OnnxModel gate({-1, 3});
  gate.node("Relu", {"x"}, "k");
  gate.node("Mul", {"x", "k"}, "y", "gate");
  EXPECT_THAT(gate.faults(), ElementsAre(StartsWith("gate: multiplies activations with each other, a gate")));
}

TEST(AdaptivePool, OfASizeThatDoesNotDivideIsNamed) {
  OnnxModel model({-1, 3, 10, 10});
  model.integers("indices", {0, 0});
  model.node("Transpose", {"x"}, "t", "permute").with("perm", Ints{2, 3, 0, 1});
  model.node("GatherND", {"t", "indices"}, "g", "gather");
  model.node("Flatten", {"g"}, "y");
  EXPECT_THAT(
      model.faults(),
      ElementsAre(AllOf(StartsWith("permute: indexes into the pixels of 1x3x10x10, as an adaptive pool"),
                        HasSubstr("the output size must divide the input"))));
}

TEST(Faults, AreGroupedByReason) {
  OnnxModel model({-1, 3});
  std::string sum = "x";
  for (int i = 0; i < 12; ++i) {
    const std::string n = std::to_string(i);
    model.node("Tanh", {"x"}, "t" + n, "tanh" + n);
    model.node("Cast", {"x"}, "c" + n, "cast" + n).with("to", 2 + i % 2);
    model.node("Sum", {sum, "t" + n, "c" + n}, "s" + n);
    sum = "s" + n;
  }
  model.node("Identity", {sum}, "y");
  EXPECT_THAT(
      model.faults(),
      testing::UnorderedElementsAre(
          AllOf(StartsWith("tanh0: op Tanh"), EndsWith(" (12 nodes: tanh0, tanh1, tanh2, tanh3, ...)")),
          AllOf(StartsWith("cast0: casts"), EndsWith(" (12 nodes: cast0, cast1, cast2, cast3, ...)"))));
}

TEST(Faults, OfOneNodeStandAlone) {
  EXPECT_EQ(onnx_import::grouped({{"a", "takes 'b'"}}).at(0).what, "takes 'b'");
  const Faults faults =
      onnx_import::grouped({{"a", "takes 'b' of 12"}, {"c", "breaks"}, {"d", "takes 'e' of 3"}});
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].what, "takes 'b' of 12 (2 nodes: a, d)");
  EXPECT_EQ(faults[1].where, "c");
}

TEST(Weights, MustBeFinite) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    OnnxModel model = small_network();
    model.proto().mutable_graph()->mutable_initializer(0)->set_float_data(5, value);
    EXPECT_THAT(model.faults(), ElementsAre(StartsWith("conv: the weight holds ")));
  }
}

TEST(Weights, MustFitTheirLayer) {
  OnnxModel model = small_network({-1, 3, 4, 4});
  EXPECT_THAT(model.faults(),
              ElementsAre("conv: weight 2x1x3x3 with 1 groups does not fit an input of 3 channels"));
  OnnxModel flat = small_network();
  flat.proto().mutable_graph()->mutable_initializer(0)->clear_dims();
  EXPECT_THAT(flat.faults(),
              ElementsAre(StartsWith("conv: tensor 'w': a tensor of shape scalar needs 1 values")));
  OnnxModel signal({-1, 2, 4, 4});
  signal.reals("w", {2, 2, 3}, Floats(12, 1)).node("Conv", {"x", "w"}, "y", "conv");
  EXPECT_THAT(signal.faults(), ElementsAre(HasSubstr("has a weight of shape 2x2x3 for an input of 1x2x4x4")));
}

TEST(Weights, MayNotDependOnTheInput) {
  OnnxModel model({1, 1, 1, 1});
  model.node("Conv", {"x", "x"}, "y", "conv");
  EXPECT_THAT(model.faults(), ElementsAre("conv: 'x' must be a constant, it depends on the input"));
}

TEST(Windows, MustFitTheImage) {
  OnnxModel model = small_network({-1, 1, 2, 2});
  EXPECT_THAT(model.faults(), ElementsAre("conv: no 3x3 window fits the input 1x2x2"));
}

TEST(Windows, MustHaveSoundNumbers) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  for (const Ints& strides : {Ints{0, 1}, Ints{1}, Ints{-1, 1}, Ints{huge, 1}}) {
    OnnxModel model({-1, 1, 4, 4});
    model.node("MaxPool", {"x"}, "y", "pool").with("kernel_shape", Ints{2, 2}).with("strides", strides);
    EXPECT_THAT(model.faults(), ElementsAre(StartsWith("pool: attribute 'strides' is (")));
  }
  OnnxModel model({-1, 1, 4, 4});
  model.node("MaxPool", {"x"}, "y", "pool").with("kernel_shape", 2);
  EXPECT_THAT(model.faults(), ElementsAre("pool: attribute 'kernel_shape' is not a list of integers"));
}

TEST(Wiring, NamesAMissingInput) {
  OnnxModel model({-1, 3});
  model.node("Add", {"x", "nowhere"}, "y", "add");
  EXPECT_THAT(model.faults(), ElementsAre("add: nothing produces the value 'nowhere'"));
  OnnxModel empty({-1, 3});
  empty.node("MatMul", {"x"}, "y", "matmul");
  EXPECT_THAT(empty.faults(), ElementsAre("matmul: input 1 is missing"));
  OnnxModel output({-1, 3});
  EXPECT_THAT(output.faults(), ElementsAre("y: nothing produces the value 'y'"));
}

TEST(Wiring, NamesEveryNodeOfACycle) {
  OnnxModel model({-1, 3});
  model.node("Add", {"x", "b"}, "a", "first");
  model.node("Relu", {"a"}, "b", "second");
  model.node("Relu", {"b"}, "y", "third");
  EXPECT_THAT(model.faults(),
              testing::Contains("first: is part of a cycle or behind one (3 nodes: first, second, third)"));
}

TEST(Wiring, RefusesAValueThatIsProducedTwice) {
  OnnxModel model({-1, 3});
  model.node("Relu", {"x"}, "y", "first");
  model.node("Relu", {"x"}, "y", "second");
  EXPECT_THAT(model.faults(), testing::Contains("second: the value 'y' is produced twice"));
}

TEST(Wiring, MayBeListedInAnyOrder) {
  OnnxModel model({-1, 3});
  model.node("Neg", {"r"}, "y");
  model.node("Relu", {"x"}, "r");
  EXPECT_EQ(ops_of(model.import()), "Input ReLU Affine Output");
}

TEST(Wiring, RefusesAnOutputThatDoesNotDependOnTheInput) {
  OnnxModel model({-1, 3});
  model.real("one", 1).node("Add", {"one", "one"}, "y", "add");
  EXPECT_THAT(model.faults(), ElementsAre("y: 'y' must depend on the input, it is a constant"));
}

TEST(Inputs, MustBeOne) {
  OnnxModel model = small_network();
  model.proto().mutable_graph()->add_input()->set_name("second");
  EXPECT_THAT(model.faults(),
              ElementsAre("inputs: there are 2 'x' 'second'; networks with one input are supported"));
  model.proto().mutable_graph()->clear_input();
  EXPECT_THAT(model.faults(), ElementsAre("inputs: there are 0; networks with one input are supported"));
}

TEST(Inputs, MayListInitialisersAsOldFilesDo) {
  OnnxModel model = small_network();
  model.proto().mutable_graph()->add_input()->set_name("w");
  EXPECT_TRUE(model.faults().empty());
}

TEST(Inputs, MayLeaveTheBatchOpenAndNothingElse) {
  EXPECT_THAT(small_network({-1, 1, -1, 4}).faults(),
              ElementsAre(HasSubstr("x: axis 2 ('n') is dynamic; export the model with a fixed size")));
}

TEST(Inputs, MustBeImagesOrVectorsOfFloats) {
  EXPECT_THAT(small_network({-1, 1, 3, 4, 4}).faults(), ElementsAre(HasSubstr("x: has 5 axes")));
  OnnxModel bytes = small_network();
  auto* type = bytes.proto().mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  type->set_elem_type(::onnx::TensorProto::UINT8);
  EXPECT_THAT(bytes.faults(), ElementsAre(StartsWith("x: has element type 2, expected float")));
  type->clear_shape();
  EXPECT_THAT(bytes.faults(), ElementsAre("x: is no tensor of known shape"));
  EXPECT_THAT(small_network({-1, 1 << 30, 1 << 30, 1 << 30}).faults(), ElementsAre(StartsWith("x: ")));
}

TEST(Outputs, MustBeOneVector) {
  OnnxModel model = small_network();
  model.proto().mutable_graph()->add_output()->set_name("r");
  EXPECT_THAT(model.faults(),
              ElementsAre("outputs: there are 2 'y' 'r'; networks with one output are supported"));
  model.proto().mutable_graph()->clear_output();
  EXPECT_THAT(model.faults(), ElementsAre("outputs: there are 0; networks with one output are supported"));
  OnnxModel image({-1, 1, 4, 4});
  image.node("Relu", {"x"}, "y");
  EXPECT_THAT(image.faults(), ElementsAre("y: takes N x K, 'y' is 1x1x4x4"));
}

TEST(Opset, MustBeKnown) {
  for (const int opset : {8, 25}) {
    EXPECT_THAT(OnnxModel({-1, 3}, opset).faults(), ElementsAre(HasSubstr("9 to 24 are supported"))) << opset;
  }
  OnnxModel model({-1, 3});
  model.proto().mutable_opset_import(0)->set_domain("ai.onnx.ml");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("opset: of ONNX's own operators is not stated")));
}

TEST(LongGraphs, AreReadInReasonableTime) {
  OnnxModel model({-1, 3});
  model.real("c", 1.0001F);
  std::string from = "x";
  for (int i = 0; i < 5000; ++i) {
    const std::string to = i == 4999 ? "y" : "v" + std::to_string(i);
    model.node("Mul", {from, "c"}, to, "same name");
    from = to;
  }
  EXPECT_LE(model.import().nodes.size(), 5000U / 32 + 3);
}

}  // namespace
}  // namespace rheobase::test

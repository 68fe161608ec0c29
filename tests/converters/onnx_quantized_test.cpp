// Quantisers: QONNX's as signs and stairs, ONNX's own (QDQ and QOperator) as the float network.
#include <gmock/gmock.h>

#include "tests/converters/onnx_chain.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int int8 = ::onnx::TensorProto::INT8;
constexpr int uint8 = ::onnx::TensorProto::UINT8;
constexpr int int32 = ::onnx::TensorProto::INT32;

void add_integers(OnnxModel& model, const std::string& name, const Ints& dims, const Ints& values, int type) {
  auto* tensor = model.proto().mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (const std::int64_t extent : dims) tensor->add_dims(extent);
  for (const std::int64_t value : values) tensor->add_int32_data(static_cast<std::int32_t>(value));
}

OnnxNode qonnx(OnnxModel& model, const std::string& op, const Names& inputs, const std::string& output,
               const char* domain = "qonnx.custom_op.general") {
  OnnxNode node = model.node(op, inputs, output, "/" + output);
  node.proto().set_domain(domain);
  return node;
}

/// x -> Quant -> y, a 1 x 2 x 3 x 3 image.
OnnxModel quant(float scale, float zero, float bits) {
  OnnxModel model({-1, 2, 3, 3});
  model.real("s", scale).real("z", zero).real("b", bits);
  model.node("Flatten", {"q"}, "y");
  return model;
}

TEST(BipolarQuantInOnnx, IsASignTimesItsScale) {
  for (const char* domain : {"qonnx.custom_op.general", "onnx.brevitas"}) {
    OnnxModel model({-1, 2, 3, 3});
    model.reals("s", {1, 2, 1, 1}, {0.5F, 2});
    qonnx(model, "BipolarQuant", {"x", "s"}, "q", domain);
    model.node("Flatten", {"q"}, "y");
    const Graph graph = model.import();
    EXPECT_EQ(ops_of(graph), "Input Sign Affine Flatten Output");
    EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{0.5F, 2}));
    EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), Floats{0});
  }
}

TEST(BipolarQuantInOnnx, MakesZeroWeightsPositive) {
  OnnxModel model({-1, 3});
  model.reals("w", {3, 1}, {-0.2F, 0, 0.1F}).real("s", 0.5F);
  qonnx(model, "BipolarQuant", {"w", "s"}, "q");
  model.node("MatMul", {"x", "q"}, "y");
  EXPECT_EQ(only(model.import(), "Linear").tensor("weight")->reals(), (Floats{-0.5F, 0.5F, 0.5F}));
}

TEST(QuantInOnnx, OfUnsignedIntegersIsQcfs) {
  OnnxModel model = quant(0.5F, 0, 2);
  qonnx(model, "Quant", {"x", "s", "z", "b"}, "q").with("signed", 0);
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input QCFS Flatten Output");
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), Floats{1.5F});
  EXPECT_EQ(only(graph, "QCFS").integer("L", 0), 3);
}

TEST(QuantInOnnx, OfSignedIntegersIsAShiftedStair) {
  OnnxModel model = quant(0.5F, 0, 2);
  qonnx(model, "Quant", {"x", "s", "z", "b"}, "q");
  const Graph graph = model.import();  // -1, -1/2, 0, 1/2
  EXPECT_EQ(ops_of(graph), "Input Affine QCFS Affine Flatten Output");
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), Floats{1.5F});
  EXPECT_EQ(graph.find("/q/before")->tensor("shift")->reals(), Floats{1});
  EXPECT_EQ(graph.find("/q/behind")->tensor("shift")->reals(), Floats{-1});
  OnnxModel narrow = quant(0.5F, 0, 2);
  qonnx(narrow, "Quant", {"x", "s", "z", "b"}, "q").with("narrow", 1);
  EXPECT_EQ(only(narrow.import(), "QCFS").integer("L", 0), 2);
}

TEST(QuantInOnnx, OfOneSignedBitIsASign) {
  OnnxModel model = quant(0.5F, 0, 1);
  qonnx(model, "Quant", {"x", "s", "z", "b"}, "q");
  EXPECT_EQ(ops_of(model.import()), "Input Sign Affine Flatten Output");
}

TEST(QuantInOnnx, MayFloorAndCeil) {
  const auto shift = [](const char* mode) {
    OnnxModel model = quant(1, 0, 2);
    qonnx(model, "Quant", {"x", "s", "z", "b"}, "q").with("signed", 0).with("rounding_mode", mode);
    const Graph graph = model.import();
    return graph.find("/q/before")->tensor("shift")->reals()[0] *
           graph.find("/q/before")->tensor("scale")->reals()[0];
  };
  EXPECT_EQ(shift("FLOOR"), -0.5F);  // floor(u) = floor(u - 1/2 + 1/2)
  EXPECT_EQ(shift("DOWN"), -0.5F);
  EXPECT_EQ(shift("CEIL"), -2.5F);  // 3 - floor(3 - u): mirrored, from the top
}

TEST(QuantInOnnx, OfWeightsFollowsItsDefinition) {
  const auto folded = [](const char* mode, int is_signed, int narrow) {
    OnnxModel model({-1, 7});
    model.reals("w", {7, 1}, {-9, -1.25F, -0.75F, 0.25F, 0.75F, 1.25F, 9})
        .real("s", 0.5F)
        .real("z", 0)
        .real("b", 3);
    auto node = qonnx(model, "Quant", {"w", "s", "z", "b"}, "q");
    node.with("rounding_mode", mode).with("signed", is_signed).with("narrow", narrow);
    model.node("MatMul", {"x", "q"}, "y");
    return only(model.import(), "Linear").tensor("weight")->reals();
  };
  EXPECT_EQ(folded("ROUND", 1, 0),
            (Floats{-2, -1, -1, 0, 1, 1, 1.5F}));  // ties to even: -2.5, -1.5, 0.5, 1.5, 2.5
  EXPECT_EQ(folded("HALF_UP", 1, 1), (Floats{-1.5F, -1.5F, -1, 0.5F, 1, 1.5F, 1.5F}));
  EXPECT_EQ(folded("HALF_DOWN", 1, 0), (Floats{-2, -1, -0.5F, 0, 0.5F, 1, 1.5F}));
  EXPECT_EQ(folded("CEIL", 1, 0), (Floats{-2, -1, -0.5F, 0.5F, 1, 1.5F, 1.5F}));
  EXPECT_EQ(folded("FLOOR", 1, 0), (Floats{-2, -1.5F, -1, 0, 0.5F, 1, 1.5F}));
  EXPECT_EQ(folded("UP", 1, 0), (Floats{-2, -1.5F, -1, 0.5F, 1, 1.5F, 1.5F}));
  EXPECT_EQ(folded("DOWN", 1, 0), (Floats{-2, -1, -0.5F, 0, 0.5F, 1, 1.5F}));
  EXPECT_EQ(folded("ROUND", 0, 0), (Floats{0, 0, 0, 0, 1, 1, 3.5F}));
  EXPECT_EQ(folded("ROUND", 0, 1), (Floats{0, 0, 0, 0, 1, 1, 3}));
}

TEST(QuantInOnnx, RefusesWhatIsNoStairHere) {
  const auto faults = [](float scale, float bits, const char* mode) {
    OnnxModel model = quant(scale, 0, bits);
    qonnx(model, "Quant", {"x", "s", "z", "b"}, "q").with("rounding_mode", mode);
    return model.faults();
  };
  EXPECT_THAT(faults(0.5F, 2.5F, "ROUND"),
              ElementsAre(HasSubstr("/q: has a bit width that is not one whole number")));
  EXPECT_THAT(faults(0, 2, "ROUND"), ElementsAre(HasSubstr("/q: has the scale 0")));
  EXPECT_THAT(faults(1, 2, "UP"), ElementsAre(HasSubstr("/q: rounds negative values up or down from 0")));
  EXPECT_THAT(faults(1, 2, "SOMEHOW"), ElementsAre(HasSubstr("rounding_mode is 'SOMEHOW'")));
  EXPECT_THAT(faults(1, 24, "ROUND"), ElementsAre(HasSubstr("L from 1 to 2^20")));
}

TEST(MultiThresholdInOnnx, OfOneThresholdIsASign) {
  OnnxModel model({-1, 2, 3, 3});
  model.reals("t", {2, 1}, {0.5F, -1});
  auto node = qonnx(model, "MultiThreshold", {"x", "t"}, "m", "finn.custom_op.general");
  node.with("out_scale", 2.0).with("out_bias", -1.0).with("out_dtype", "BIPOLAR");
  model.node("Flatten", {"m"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Affine Sign Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{-0.5F, 1}));
}

TEST(MultiThresholdInOnnx, OfEqualStepsIsAStair) {
  OnnxModel model({-1, 2, 3, 3});
  model.reals("t", {2, 3}, {0.25F, 0.75F, 1.25F, 1, 3, 5});
  qonnx(model, "MultiThreshold", {"x", "t"}, "m").with("out_scale", 0.5);
  model.node("Flatten", {"m"}, "y");
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Affine QCFS Flatten Output");
  EXPECT_EQ(only(graph, "Affine").tensor("scale")->reals(), (Floats{1, 0.25F}));
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), Floats{0});
  EXPECT_EQ(only(graph, "QCFS").tensor("lambda")->reals(), Floats{1.5F});
  EXPECT_EQ(only(graph, "QCFS").integer("L", 0), 3);
}

TEST(MultiThresholdInOnnx, OfUnequalStepsIsRefused) {
  OnnxModel model({-1, 2, 3, 3});
  model.reals("t", {1, 3}, {0, 1, 3});
  qonnx(model, "MultiThreshold", {"x", "t"}, "m");
  model.node("Flatten", {"m"}, "y");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("/m: has thresholds at unequal distances, 0 to 3")));
  OnnxModel flat({-1, 2, 3, 3});
  flat.reals("t", {3}, {0, 1, 2});
  qonnx(flat, "MultiThreshold", {"x", "t"}, "y");
  EXPECT_THAT(flat.faults(),
              ElementsAre(HasSubstr("/y: has thresholds of shape 3, expected channels x thresholds")));
}

/// x -> Q -> DQ -> MatMul with dequantised weights -> Q -> DQ -> y
OnnxModel qdq(int zero_type, std::int64_t zero) {
  OnnxModel model({-1, 2});
  model.real("s", 0.5F).reals("ws", {2}, {0.5F, 2});
  add_integers(model, "z", {}, {zero}, zero_type);
  add_integers(model, "wz", {2}, {0, 0}, int8);
  add_integers(model, "w", {2, 2}, {1, -2, 3, 4}, int8);
  model.node("QuantizeLinear", {"x", "s", "z"}, "xq", "quantise");
  model.node("DequantizeLinear", {"xq", "s", "z"}, "xr", "dequantise");
  model.node("DequantizeLinear", {"w", "ws", "wz"}, "wr", "weights").with("axis", 1);
  model.node("MatMul", {"xr", "wr"}, "m", "fc");
  model.node("QuantizeLinear", {"m", "s", "z"}, "mq", "quantise2");
  model.node("DequantizeLinear", {"mq", "s", "z"}, "y", "dequantise2");
  return model;
}

TEST(QdqInOnnx, IsItsFloatNetwork) {
  OnnxModel model = qdq(int8, 0);
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Linear Output");
  EXPECT_EQ(only(graph, "Linear").tensor("weight")->reals(), (Floats{0.5F, 1.5F, -4, 8}));
  EXPECT_THAT(model.notes(),
              ElementsAre(HasSubstr("quantise: a quantised file: its float network is imported")));
}

TEST(QdqInOnnx, KeepsTheReluThatTheQuantiserStandsFor) {
  const Graph graph = qdq(uint8, 0).import();
  EXPECT_EQ(ops_of(graph), "Input Linear ReLU Output");
  EXPECT_EQ(only(graph, "ReLU").real("max", 0), 127.5);
}

TEST(QdqInOnnx, AddsNoReluBehindAnother) {
  OnnxModel model({-1, 1, 2, 2});
  model.real("s", 0.5F);
  add_integers(model, "z", {}, {-128}, int8);
  model.real("minus", -1).node("Add", {"x", "minus"}, "a", "shift").proto();
  model.node("Relu", {"a"}, "r", "relu");
  model.node("QuantizeLinear", {"r", "s", "z"}, "rq");
  model.node("MaxPool", {"rq"}, "p").with("kernel_shape", Ints{2, 2});
  model.node("DequantizeLinear", {"p", "s", "z"}, "d");
  model.node("QuantizeLinear", {"d", "s", "z"}, "dq");
  model.node("DequantizeLinear", {"dq", "s", "z"}, "e");
  model.node("Flatten", {"e"}, "y");
  EXPECT_EQ(ops_of(model.import()), "Input Affine ReLU MaxPool2d Flatten Output");
}

TEST(QdqInOnnx, RefusesStepsThatChangeOnTheWay) {
  OnnxModel model({-1, 2});
  model.real("s", 0.5F).real("t", 0.25F);
  model.node("QuantizeLinear", {"x", "s"}, "q").proto();
  model.node("DequantizeLinear", {"q", "t"}, "y", "dequantise");
  EXPECT_THAT(model.faults(), ElementsAre(HasSubstr("dequantise: takes steps of 0.25 for steps of 0.5")));
}

TEST(QdqInOnnx, QuantisesConstantsAsTheFileDoes) {
  OnnxModel model({-1, 4});
  model.reals("w", {4, 1}, {0.25F, 0.75F, -0.3F, 200}).real("s", 0.5F);
  add_integers(model, "z", {}, {1}, uint8);
  model.node("QuantizeLinear", {"w", "s", "z"}, "q");
  model.node("DequantizeLinear", {"q", "s", "z"}, "d");
  model.node("MatMul", {"x", "d"}, "y");
  EXPECT_EQ(only(model.import(), "Linear").tensor("weight")->reals(), (Floats{0, 1, -0.5F, 127}));
}

TEST(QdqInOnnx, RefusesScalesThatDoNotFit) {
  OnnxModel rows({-1, 2});
  rows.reals("s", {3}, {1, 2, 3});
  add_integers(rows, "w", {2, 2}, {1, 2, 3, 4}, int8);
  rows.node("DequantizeLinear", {"w", "s"}, "d", "weights");
  rows.node("MatMul", {"x", "d"}, "y");
  EXPECT_THAT(rows.faults(), ElementsAre(HasSubstr("weights: ")));
  OnnxModel channels({-1, 2});
  channels.reals("s", {2}, {1, 2}).node("QuantizeLinear", {"x", "s"}, "y", "quantise");
  EXPECT_THAT(channels.faults(), ElementsAre(HasSubstr("quantise: quantises activations with 2 scales")));
}

TEST(QOperatorsInOnnx, AreTheirFloatOps) {
  OnnxModel model({-1, 1, 1, 2});
  model.real("xs", 0.5F).reals("ws", {2}, {0.5F, 2}).real("ys", 0.25F).real("fs", 1);
  add_integers(model, "z", {}, {0}, int8);
  add_integers(model, "wz", {2}, {0, 0}, int8);
  add_integers(model, "w", {2, 1, 1, 1}, {3, -1}, int8);
  add_integers(model, "b", {2}, {4, 1}, int32);
  add_integers(model, "f", {2, 1}, {1, 2}, int8);
  model.node("QuantizeLinear", {"x", "xs", "z"}, "q");
  model.node("QLinearConv", {"q", "xs", "z", "w", "ws", "wz", "ys", "z", "b"}, "c", "conv");
  model.node("QLinearAdd", {"c", "ys", "z", "c", "ys", "z", "ys", "z"}, "s", "sum")
      .proto()
      .set_domain("com.microsoft");
  model.node("QLinearGlobalAveragePool", {"s", "ys", "z", "ys", "z"}, "g", "pool")
      .proto()
      .set_domain("com.microsoft");
  model.node("Flatten", {"g"}, "v");
  model.node("QLinearMatMul", {"v", "ys", "z", "f", "fs", "z", "ys", "z"}, "m", "fc");
  model.node("QGemm", {"m", "ys", "z", "one", "fs", "z", "c1"}, "y", "gemm")
      .proto()
      .set_domain("com.microsoft");
  add_integers(model, "one", {1, 1}, {5}, int8);
  add_integers(model, "c1", {1}, {8}, int32);
  const Graph graph = model.import();
  EXPECT_EQ(ops_of(graph), "Input Conv2d Add AvgPool2d Flatten Linear Linear Output");
  EXPECT_EQ(only(graph, "Conv2d").tensor("weight")->reals(), (Floats{1.5F, -2}));
  EXPECT_EQ(only(graph, "Conv2d").tensor("bias")->reals(), (Floats{1, 1}));  // 4 x 0.5 x 0.5, 1 x 0.5 x 2
  EXPECT_EQ(graph.find("fc")->tensor("weight")->reals(), (Floats{1, 2}));
  EXPECT_EQ(graph.find("gemm")->tensor("weight")->reals(), Floats{5});
  EXPECT_EQ(graph.find("gemm")->tensor("bias")->reals(), Floats{2});  // 8 x 0.25 x 1
  EXPECT_EQ(model.notes().size(), 1U);
}

TEST(QuantisersInOnnx, AreRefusedOrSoundWithAnyByteChanged) {
  OnnxModel stairs({-1, 2, 3, 3});
  stairs.reals("s", {1, 2, 1, 1}, {0.5F, 2}).real("z", 0).real("b", 3).reals("t", {2, 2}, {0, 1, 2, 4});
  qonnx(stairs, "Quant", {"x", "s", "z", "b"}, "q").with("rounding_mode", "CEIL");
  qonnx(stairs, "MultiThreshold", {"q", "t"}, "m").with("data_layout", "NCHW").with("out_bias", -1.0);
  qonnx(stairs, "BipolarQuant", {"m", "s"}, "p");
  stairs.node("Flatten", {"p"}, "y");
  ASSERT_TRUE(stairs.faults().empty());
  EXPECT_NO_THROW(import_with_any_byte_changed(stairs.bytes()));
  EXPECT_NO_THROW(import_with_any_byte_changed(qdq(uint8, 0).bytes()));
}

TEST(QOperatorsInOnnx, OfDynamicScalesAreRefusedWithAWayOut) {
  OnnxModel model({-1, 2});
  model.node("DynamicQuantizeLinear", {"x"}, "y", "dynamic");
  EXPECT_THAT(model.faults(),
              testing::Contains(HasSubstr("dynamic: op DynamicQuantizeLinear is not supported: "
                                          "export the float model")));
}

}  // namespace
}  // namespace rheobase::test

// What a network becomes when nobody says what.
#include "experiments/simulation/conversion.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "converters/onnx/exporter.h"
#include "neurons/qcfs.h"
#include "neurons/sign.h"
#include "sim/core/error.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

/// An ONNX file of a convolution, `activation`, its output times `values`, and a linear layer whose weights
/// are
/// +-1 or real. It goes with the test.
class Source {
 public:
  Source(const std::string& activation, float values, bool has_binary_weights) {
    GraphBuilder b;
    const std::string conv = b.conv2d(b.input({1, 4, 4}), {.outputs = 2});
    std::string signal = activation == "Sign" ? b.add(sign_node("act", conv))
                                              : b.add(QcfsParameters{scalar_tensor(1), 4}.node("act", conv));
    if (values != 1) {
      Node scaled{"values", "Affine", {signal}, {}, {}};
      scaled.tensors = {{"scale", scalar_tensor(values)}, {"shift", scalar_tensor(0)}};
      signal = b.add(std::move(scaled));
    }
    const std::string linear = b.linear(b.op("Flatten", {signal}), 32, 3);
    if (has_binary_weights) {
      for (float& w : b.graph.find(linear)->tensors.at("weight").values) w = w < 0 ? -1.0F : 1.0F;
    }
    b.output(linear);
    const ShapeMap shapes = validate_or_throw(b.graph, full_registry().schemas(), "graph");
    export_onnx(b.graph, shapes, {"graph", "0"}, path_);
  }
  ~Source() { std::filesystem::remove(path_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  Model convert(const std::string& to = "", const std::string& arithmetic = "float32") const {
    return convert_model({path_, to, arithmetic, {}}, full_registry().schemas(), "0").model;
  }

 private:
  std::string path_ = ::testing::TempDir() + "rheobase_" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".onnx";
};

bool has(const Model& model, const std::string& op) {
  for (const Node& node : model.graph.nodes) {
    if (node.op == op) return true;
  }
  return false;
}

TEST(Conversion, MakesASpikingNetworkOfOneWithoutSigns) {
  const Model model = Source("QCFS", 1, true).convert();
  EXPECT_EQ(model.provenance.conversion, "snn");
  EXPECT_TRUE(has(model, "IF"));
}

TEST(Conversion, PacksANetworkOfSigns) {
  const Model model = Source("Sign", 1, true).convert();
  EXPECT_EQ(model.provenance.conversion, "bnn");
  EXPECT_TRUE(has(model, "BinaryLinear"));
}

TEST(Conversion, PacksSignsOfOtherValues) {
  for (const float values : {-1.0F, 0.5F}) {
    const Model model = Source("Sign", values, true).convert();
    EXPECT_TRUE(has(model, "BinaryLinear"));
    EXPECT_FALSE(has(model, "Affine"));
  }
}

TEST(Conversion, LeavesSignsWithoutALayerToPackAsTheyAre) {
  const Source source("Sign", 1, false);
  const Model model = source.convert();
  EXPECT_EQ(model.provenance.conversion, "ann");
  EXPECT_TRUE(has(model, "Sign"));
  EXPECT_THROW(source.convert("bnn"), InputError);
  EXPECT_THROW(source.convert("", "fixed"), InputError);
}

}  // namespace
}  // namespace rheobase

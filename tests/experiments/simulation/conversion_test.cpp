// What a network becomes when nobody says what, and whether it still gives the same answers.
#include "experiments/simulation/conversion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "converters/onnx/exporter.h"
#include "experiments/simulation/agreement.h"
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
      for (float& w : b.graph.find(linear)->tensors.at("weight").reals()) w = w < 0 ? -1.0F : 1.0F;
    }
    b.output(linear);
    export_onnx(b.graph, full_registry().schemas(), {"graph", "0"}, path_);
  }
  ~Source() { std::filesystem::remove(path_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  Model convert(const std::string& to = "", const std::string& arithmetic = "float32") const {
    return normalized({}, to, arithmetic).model;
  }
  Conversion normalized(const std::optional<Normalization>& normalization, const std::string& to = "",
                        const std::string& arithmetic = "float32") const {
    return convert_model({path_, to, arithmetic, normalization}, full_registry().schemas(), "0");
  }

 private:
  std::string path_ = ::testing::TempDir() + "rheobase_" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".onnx";
};

/// Samples of two pixels.
class TwoPixels : public ImageSet {
 public:
  TwoPixels(std::vector<std::array<float, 2>> pixels, std::vector<int> labels)
      : ImageSet(info(std::move(labels))), pixels_(std::move(pixels)) {}
  void read(std::int64_t index, std::span<float> pixels) const override {
    std::copy(pixels_.at(index).begin(), pixels_.at(index).end(), pixels.begin());
  }

 private:
  static DataInfo info(std::vector<int> labels) {
    DataInfo info;
    info.labels = std::move(labels);
    info.shape = {2};
    return info;
  }
  std::vector<std::array<float, 2>> pixels_;
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

TEST(Conversion, SaysWhereNothingNormalises) {
  const Source source("QCFS", 1, false);
  const Notes notes = source.normalized({}).notes;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].where, "normalization");
  EXPECT_TRUE(source.normalized(Normalization{}).notes.empty());
  EXPECT_TRUE(source.normalized(normalization_preset("mnist")).notes.empty());
}

TEST(Conversion, RefusesTheNormalisationOfOtherImages) {
  const Source source("QCFS", 1, false);
  EXPECT_THROW(source.normalized(normalization_preset("cifar10")), InputError);
  EXPECT_THROW(source.normalized(Normalization{{72.9F}, {90.0F}}), InputError);
}

TEST(Conversion, LeavesTheNormalisationOfATrainedModelAlone) {
  const Normalization own = normalization_preset("fashion-mnist");
  const std::string path = ::testing::TempDir() + "rheobase_trained.h5";
  write_model(Source("QCFS", 1, false).normalized(own, "ann").model, path);
  const auto convert = [&](const std::optional<Normalization>& asked) {
    return convert_model({path, "", "float32", asked}, full_registry().schemas(), "0");
  };
  for (const auto& asked : {std::optional<Normalization>(), std::optional(own)}) {
    EXPECT_EQ(normalization_of(convert(asked).model.graph), own);
    EXPECT_TRUE(convert(asked).notes.empty());
  }
  EXPECT_THROW(convert(Normalization{}), InputError);
  EXPECT_THROW(convert(normalization_preset("mnist")), InputError);
  std::filesystem::remove(path);
}

TEST(Agreement, CountsEqualAndRightAnswers) {
  // The logits are the pixels, and their negatives: the largest pixel against the smallest.
  const auto network = [](float weight) {
    GraphBuilder b;
    const std::string linear = b.linear(b.input({2}), 2, 2);
    b.graph.find(linear)->tensors = {{"weight", {{2, 2}, {weight, 0, 0, weight}}}, {"bias", {{2}, {0, 0}}}};
    b.output(linear);
    return b.graph;
  };
  const TwoPixels data({{0.75F, 0.25F}, {0.25F, 0.75F}, {0.5F, 0.5F}, {1, 0}}, {0, 0, 0, 1});
  const AgreementOptions options{.samples = 256, .steps = 3, .slots = 2, .threads = 1};
  int advanced = 0;
  const Agreement found =
      measure_agreement(network(1), network(-1), data, full_registry(), options, [&] { ++advanced; });
  EXPECT_EQ(found.samples, 4);
  EXPECT_EQ(found.same, 1);  // equal logits: the first class
  EXPECT_EQ(found.first_right, 2);
  EXPECT_EQ(found.second_right, 3);
  EXPECT_EQ(advanced, 8);
  EXPECT_EQ(measure_agreement(network(1), network(2), data, full_registry(), options).share(), 1.0);
}

TEST(Agreement, SpreadsItsSamplesOverTheData) {
  // Sorted by class, as files often are: samples 0 and 2 of 4.
  GraphBuilder b;
  const std::string linear = b.linear(b.input({2}), 2, 2);
  b.graph.find(linear)->tensors = {{"weight", {{2, 2}, {1, 0, 0, 1}}}, {"bias", {{2}, {0, 0}}}};
  b.output(linear);
  const TwoPixels data({{1, 0}, {0, 1}, {0, 1}, {1, 0}}, {0, 0, 1, 1});
  const Agreement found =
      measure_agreement(b.graph, b.graph, data, full_registry(), {.samples = 2, .steps = 1});
  EXPECT_EQ(found.samples, 2);
  EXPECT_EQ(found.first_right, 2);
}

}  // namespace
}  // namespace rheobase

// From samples to thresholds to a spiking network of ReLUs.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "converters/onnx/exporter.h"
#include "converters/passes.h"
#include "experiments/simulation/activation_samples.h"
#include "experiments/simulation/conversion.h"
#include "neurons/relu.h"
#include "sim/engine/engine.h"
#include "tests/experiments/random_images.h"
#include "tests/experiments/small_relu_network.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using test::RandomImages;
using test::small_relu_network;
using testing::full_registry;
using testing::GraphBuilder;

const Shape shape{2, 6, 6};

std::vector<ActivationSamples> samples_of(const Graph& graph, const ImageSet& data, std::int64_t samples,
                                          int threads) {
  const Registry registry = full_registry();
  return sample_activations(graph, open_activations(graph, registry.schemas(), "net"), data, registry,
                            {samples, threads});
}

// What `first` reads, from the engine, image by image.
TEST(ActivationSamples, HoldWhatAnActivationReads) {
  const RandomImages data(shape, 20);
  const std::vector<ActivationSamples> found = samples_of(small_relu_network(), data, 20, 1);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].node, "first");
  GraphBuilder b;
  b.graph = small_relu_network();
  std::erase_if(b.graph.nodes, [](const Node& node) { return node.op != "Input" && node.op != "Conv2d"; });
  std::erase_if(b.graph.nodes,
                [](const Node& node) { return !node.inputs.empty() && node.inputs[0] == "first"; });
  b.output(b.op("Flatten", {b.graph.nodes.back().name}));
  Engine engine(b.graph, full_registry(), {});
  std::vector<float> largest(5, -1e9F), image(72);
  std::vector<std::vector<float>> all(5);
  for (int i = 0; i < 20; ++i) {
    data.read(i, image);
    engine.load(0, image, 0);
    engine.step();
    for (int k = 0; k < 5 * 36; ++k) {
      largest[k / 36] = std::max(largest[k / 36], engine.logits(0)[k]);
      all[k / 36].push_back(engine.logits(0)[k]);
    }
    engine.release(0);
  }
  EXPECT_EQ(found[0].largest, largest);
  for (int c = 0; c < 5; ++c) {  // so few are kept whole
    std::vector<float> kept = found[0].values[c];
    std::sort(kept.begin(), kept.end());
    std::sort(all[c].begin(), all[c].end());
    EXPECT_EQ(kept, all[c]) << c;
  }
}

TEST(ActivationSamples, DoNotDependOnThreads) {
  const RandomImages data(shape, 500);
  const auto one = samples_of(small_relu_network(), data, 400, 1);
  const auto three = samples_of(small_relu_network(), data, 400, 3);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].largest, three[i].largest);
    EXPECT_EQ(one[i].values, three[i].values);
    EXPECT_LE(one[i].values[0].size(), 8400U);
  }
}

TEST(ActivationSamples, RefuseWhatIsNoNumberAndOtherShapes) {
  RandomImages broken(shape, 20);
  broken.not_a_number = 7;
  EXPECT_THROW(samples_of(small_relu_network(), broken, 20, 1), InputError);
  EXPECT_THROW(samples_of(small_relu_network(), RandomImages({2, 5, 6}, 20), 20, 1), InputError);
}

class ReluConversion : public ::testing::Test {
 protected:
  ReluConversion() { export_onnx(small_relu_network(), full_registry().schemas(), {"graph", "0"}, path_); }
  ~ReluConversion() override { std::filesystem::remove(path_); }

  Conversion convert(ConversionSpec spec) const {
    spec.source = path_;
    spec.normalization = Normalization{};
    const Registry registry = full_registry();
    const RandomImages data(shape, 64);
    spec.sample_activations = [&](const Graph& graph, const std::vector<OpenActivation>& activations) {
      return sample_activations(graph, activations, data, registry, {64, 1});
    };
    return convert_model(spec, registry.schemas(), "0");
  }
  static const Node& neuron(const Conversion& conversion, const std::string& op) {
    for (const Node& node : conversion.model.graph.nodes) {
      if (node.op == op) return node;
    }
    throw InternalError("no " + op);
  }

  std::string path_ = ::testing::TempDir() + "rheobase_" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".onnx";
};

TEST_F(ReluConversion, TakesSigmaDeltaNeuronsByDefault) {
  const Conversion conversion = convert({});
  EXPECT_EQ(neuron(conversion, "SigmaDelta").integer("levels", 0),
            default_levels(SpikingMethod::sigma_delta));
  EXPECT_EQ(conversion.steps, 8);
  EXPECT_EQ(conversion.model.graph.output().integer("running", 0), 1);
}

TEST_F(ReluConversion, FindsThresholdsByTheRuleForTheStepsAskedFor) {
  const auto thresholds = [&](const std::string& rule, int steps) {
    ConversionSpec spec;
    spec.method = "signed";
    spec.threshold = rule;
    spec.steps = steps;
    return neuron(convert(spec), "SignedIF").tensors.at("v_threshold");
  };
  EXPECT_NE(thresholds("max", 4), thresholds("90%", 4));
  EXPECT_EQ(thresholds("auto", 4), thresholds("mse", 4));
  EXPECT_NE(thresholds("mse", 2), thresholds("mse", 64));
}

TEST_F(ReluConversion, RunsInIntegers) {
  ConversionSpec spec;
  spec.arithmetic = "fixed";
  EXPECT_EQ(convert(spec).model.arithmetic, "fixed");
}

TEST_F(ReluConversion, RefusesLevelsOfNeuronsWithoutThem) {
  ConversionSpec spec;
  spec.method = "if";
  spec.levels = 4;
  EXPECT_THROW(convert(spec), InputError);
}

}  // namespace
}  // namespace rheobase

// Converted networks against an independent float32 simulation in PyTorch (IF, v_init = v_threshold / 2,
// reset by subtraction, direct coding, mean of the logits). Float sums in another order flip single spikes,
// so accuracies are compared with a margin and logits by the median difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "converters/onnx/importer.h"
#include "converters/passes.h"
#include "experiments/data/data_set.h"
#include "experiments/data/normalization.h"
#include "neurons/if.h"
#include "sim/core/file.h"
#include "sim/engine/runner.h"
#include "sim/format/model_file.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using nlohmann::json;

const std::string default_model =
    std::string(RHEOBASE_SOURCE_DIR) + "/experiments/models/fashion-mnist-cnn-qcfs-L4.onnx";
const std::string default_golden =
    std::string(RHEOBASE_SOURCE_DIR) + "/tests/golden/fashion-mnist-cnn-qcfs-L4.golden.json";
const std::string fashion_mnist = "/usr/share/datasets/fashion-mnist";

Graph convert(const std::string& path, const std::string& preset) {
  Graph graph = import_onnx(path).graph;
  fold_affine(graph, testing::full_registry().schemas());
  convert_to_snn(graph, testing::full_registry().schemas(), path);
  for (Node& node : graph.nodes) {
    if (node.op != "Input") continue;
    const Normalization normalization = normalization_preset(preset);
    const auto channels = static_cast<std::int64_t>(normalization.mean.size());
    node.tensors["mean"] = {{channels}, normalization.mean};
    node.tensors["std"] = {{channels}, normalization.std};
  }
  return graph;
}

struct Result {
  std::vector<double> accuracy_by_step;
  std::vector<double> firing_rates;
  std::vector<std::vector<float>> first_logits;  // at t = 1
  std::uint64_t hash = 0;
};

Result simulate(const Graph& graph, const ImageSet& data, const EngineOptions& options, int steps,
                std::int64_t count) {
  Engine engine(graph, testing::full_registry(), options);
  const std::size_t classes = engine.classes();
  Result result{std::vector<double>(steps), std::vector<double>(engine.spiking_nodes().size()), {}, 0};
  result.first_logits.resize(count);
  run_samples(engine, data, make_stop_policy({}), {steps, 0, count}, [&](const SampleResult& sample) {
    for (int t = 0; t < steps; ++t) {
      const int top = argmax(sample.logits_by_step.subspan(t * classes, classes));
      result.accuracy_by_step[t] += top == data.label(sample.sample) ? 1.0 / static_cast<double>(count) : 0.0;
    }
    for (std::size_t i = 0; i < result.firing_rates.size(); ++i) {
      const auto neuron_steps = static_cast<double>(engine.spiking_nodes()[i].neurons * count * steps);
      result.firing_rates[i] += static_cast<double>(sample.spike_counts[i]) / neuron_steps;
    }
    result.first_logits[sample.sample].assign(sample.logits_by_step.begin(),
                                              sample.logits_by_step.begin() + classes);
    result.hash += sample.spike_hash;
  });
  return result;
}

double median_logit_difference(const Result& result, const json& golden) {
  std::vector<double> differences;
  for (std::size_t image = 0; image < result.first_logits.size(); ++image) {
    for (std::size_t k = 0; k < result.first_logits[image].size(); ++k) {
      const double expected = golden["first8_mean_logits_by_step"][image][0][k];
      differences.push_back(std::abs(result.first_logits[image][k] - expected));
    }
  }
  std::nth_element(differences.begin(), differences.begin() + differences.size() / 2, differences.end());
  return differences[differences.size() / 2];
}

class DefaultNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(fashion_mnist)) {
      GTEST_SKIP() << "needs Debian's package dataset-fashion-mnist";
    }
    data_ = open_image_set("fashion-mnist", "test");
    golden_ = json::parse(read_file(default_golden));
    graph_ = convert(default_model, "fashion-mnist");
  }
  std::unique_ptr<ImageSet> data_;
  json golden_;
  Graph graph_;
};

TEST_F(DefaultNetwork, GivesTheSameLogitsAsPytorchAtTheFirstStep) {
  const Result result = simulate(graph_, *data_, {DeviceKind::cpu, 8, 2, Coding::direct, 0, false}, 1, 8);
  EXPECT_LT(median_logit_difference(result, golden_), 1e-4);
}

TEST_F(DefaultNetwork, ReachesPytorchsAccuracy) {
  constexpr int steps = 4;
  const Result result =
      simulate(graph_, *data_, {DeviceKind::cpu, 32, 2, Coding::direct, 0, false}, steps, 10000);
  for (const int t : {1, 2, 4}) {
    const double expected = golden_["accuracy_by_step"][t - 1];
    EXPECT_NEAR(result.accuracy_by_step[t - 1], expected, t <= 2 ? 0.005 : 0.003) << "T = " << t;
  }
}

TEST_F(DefaultNetwork, SpikesTheSameWhateverTheSlotsThreadsAndDevice) {
  const Result one = simulate(graph_, *data_, {DeviceKind::cpu, 1, 1, Coding::direct, 0, true}, 4, 12);
  EXPECT_NE(one.hash, 0U);
  for (const auto& [slots, threads] : {std::pair(3, 2), {12, 1}, {64, 3}}) {
    EXPECT_EQ(
        simulate(graph_, *data_, {DeviceKind::cpu, slots, threads, Coding::direct, 0, true}, 4, 12).hash,
        one.hash);
  }
  const Result few = simulate(graph_, *data_, {DeviceKind::cpu, 3, 2, Coding::direct, 0, true}, 2, 3);
  const Result reference =
      simulate(graph_, *data_, {DeviceKind::reference, 2, 1, Coding::direct, 0, true}, 2, 3);
  EXPECT_EQ(reference.hash, few.hash);
  EXPECT_EQ(reference.first_logits, few.first_logits);
}

// The CIFAR-10 networks are too large to ship. RHEOBASE_SHARED_MODELS and RHEOBASE_CIFAR10 say where they
// are.
class Cifar10Network : public ::testing::TestWithParam<const char*> {};

TEST_P(Cifar10Network, GivesTheSameLogitsAsPytorchAtTheFirstStep) {
  const char* models = std::getenv("RHEOBASE_SHARED_MODELS");
  const char* images = std::getenv("RHEOBASE_CIFAR10");
  if (models == nullptr || images == nullptr) {
    GTEST_SKIP()
        << "needs RHEOBASE_SHARED_MODELS and RHEOBASE_CIFAR10, folders of the networks and of the images";
  }
  const std::string stem = std::string(models) + "/" + GetParam();
  const std::unique_ptr<ImageSet> data = open_image_set(std::string("cifar10:") + images, "test");
  const Result result = simulate(convert(stem + ".onnx", "cifar10"), *data,
                                 {DeviceKind::cpu, 8, 2, Coding::direct, 0, false}, 1, 8);
  EXPECT_LT(median_logit_difference(result, json::parse(read_file(stem + ".golden.json"))), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Golden, Cifar10Network,
                         ::testing::Values("cifar10-resnet20-qcfs-L4", "cifar10-resnet18-qcfs-L4"));

// tests/golden/model-v2.h5: a small network in fixed arithmetic, written once by this version's converter.
// Every later version reads it and computes these spikes and logits, which a plain simulation of
// docs/reference/arithmetic.md in Python gave too.
class FixedModelFile : public ::testing::Test {
 protected:
  static constexpr int images = 3;
  static constexpr int steps = 5;

  const Model model_ = read_model(std::string(RHEOBASE_SOURCE_DIR) + "/tests/golden/model-v2.h5",
                                  testing::full_registry().schemas());
};

// Exact in float32 and the same with every compiler; in [-0.75, 0.75].
Tensor spread(const Shape& shape, std::int64_t stride) {
  Tensor tensor{shape, {}};
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    tensor.reals().push_back(static_cast<float>(i * stride % 97 - 48) / 64.0F);
  return tensor;
}

Node neuron(const std::string& name, const std::string& from, std::vector<float> v_threshold, Reset reset) {
  IfParameters parameters;
  const auto channels = static_cast<std::int64_t>(v_threshold.size());
  parameters.v_threshold = parameters.v_init = {{channels}, std::move(v_threshold)};
  for (float& v_init : parameters.v_init.reals()) v_init /= 2;
  parameters.reset = reset;
  return parameters.node(name, from);
}

// Rows of different sizes, so that each class has a unit of its own.
Tensor rows(std::int64_t outputs, std::int64_t inputs) {
  Tensor weight = spread({outputs, inputs}, 41);
  for (std::int64_t i = 0; i < outputs * inputs; ++i)
    weight.reals()[i] *= static_cast<float>(1 + i / inputs) / 4.0F;
  return weight;
}

// What the file was made from: the image, spikes and counts read by synapses, an identity beside a
// convolution, both pools, two resets, several words of spikes a pixel.
Model small_fixed_model() {
  using List = std::vector<std::int64_t>;
  const List twice{2, 2};
  const auto conv = [](const std::string& name, const std::string& from, const Shape& weight,
                       std::int64_t pad) {
    return Node{name,
                "Conv2d",
                {from},
                {{"padding", List(4, pad)}},
                {{"weight", spread(weight, 37)}, {"bias", spread({weight[0]}, 29)}}};
  };
  Model model;
  model.graph.nodes = {
      {"image",
       "Input",
       {},
       {{"shape", List{2, 8, 8}}},
       {{"mean", {{2}, {0.5F, 0.25F}}}, {"std", {{2}, {0.25F, 0.5F}}}}},
      conv("stem", "image", {5, 2, 3, 3}, 1),
      neuron("a", "stem", {1.0F, 1.5F, 2.0F, 2.5F, 3.0F}, Reset::subtract),
      conv("inner", "a", {5, 5, 3, 3}, 1),
      {"join", "Add", {"inner", "a"}, {}, {}},
      neuron("b", "join", {2.0F}, Reset::zero),
      {"counts", "AvgPool2d", {"b"}, {{"kernel", twice}, {"stride", twice}}, {}},
      conv("wide", "counts", {70, 5, 1, 1}, 0),
      neuron("c", "wide", {1.25F}, Reset::subtract),
      {"pool", "MaxPool2d", {"c"}, {{"kernel", twice}, {"stride", twice}}, {}},
      {"flat", "Flatten", {"pool"}, {}, {}},
      {"classifier", "Linear", {"flat"}, {}, {{"weight", rows(4, 280)}, {"bias", spread({4}, 1)}}},
      {"logits", "Output", {"classifier"}, {}, {}}};
  quantize(model.graph, testing::full_registry().schemas(), "small.onnx");
  model.arithmetic = "fixed";
  model.stop = StopSettings{"margin", 2.0, 0.5};
  model.provenance = {"0.1.0", "small.onnx", std::string(64, 'b'), "snn"};
  return model;
}

struct Outcome {
  std::uint64_t hash = 0;
  std::vector<std::vector<float>> logits;  // of each image, after all steps
};

Outcome run_steps(const Graph& graph, EngineOptions options, int images, int steps) {
  options.slots = images;
  options.hash = true;
  Engine engine(graph, testing::full_registry(), options);
  std::vector<float> pixels(element_count(engine.input_shape()));
  for (int image = 0; image < images; ++image) {
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<float>((static_cast<int>(i) * (13 + 4 * image) + 7 * image) % 65) / 64.0F;
    engine.load(image, pixels, image);
  }
  for (int t = 0; t < steps; ++t) engine.step();
  Outcome outcome;
  for (int image = 0; image < images; ++image) {
    outcome.hash += engine.spike_hash(image);
    outcome.logits.emplace_back(engine.logits(image).begin(), engine.logits(image).end());
  }
  return outcome;
}

// Should the rules of conversion change, this test goes; the file and the next test stay.
TEST_F(FixedModelFile, IsWhatTheConverterMakesOfItsSource) { EXPECT_EQ(model_, small_fixed_model()); }

TEST_F(FixedModelFile, GivesTheRecordedSpikesAndLogits) {
  const std::vector<std::vector<float>> logits{{1.17002952F, -8.00196838F, -8.64788437F, 8.75492191F},
                                               {-0.0166092515F, -5.24852371F, -9.59461117F, 2.57627964F},
                                               {-1.67568898F, -5.20792341F, -4.49557114F, -2.8125F}};
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
      for (const int lookahead : {1, 4}) {
        EngineOptions options;
        options.device = device;
        options.threads = 2;
        options.kernels = kernels;
        options.lookahead = lookahead;
        const Outcome outcome = run_steps(model_.graph, options, images, steps);
        EXPECT_EQ(outcome.hash, 0xdb1c44fdb5f6777dU);
        EXPECT_EQ(outcome.logits, logits);
      }
    }
  }
}

}  // namespace
}  // namespace rheobase

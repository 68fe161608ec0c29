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
#include "sim/core/file.h"
#include "sim/engine/runner.h"
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
  Graph graph = import_onnx(path);
  fold_affine(graph);
  convert_to_snn(graph, path);
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

Result simulate(const Graph& graph, const DataSet& data, const EngineOptions& options, int steps,
                std::int64_t count) {
  Engine engine(graph, testing::full_registry(), options);
  const std::size_t classes = engine.classes();
  Result result{std::vector<double>(steps), std::vector<double>(engine.spiking_nodes().size()), {}, 0};
  result.first_logits.resize(count);
  run_samples(engine, data, *make_stop_policy({}), {steps, 0, count}, [&](const SampleResult& sample) {
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
    data_ = open_data("fashion-mnist", "test");
    golden_ = json::parse(read_file(default_golden));
    graph_ = convert(default_model, "fashion-mnist");
  }
  std::unique_ptr<DataSet> data_;
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
  const std::unique_ptr<DataSet> data = open_data(std::string("cifar10:") + images, "test");
  const Result result = simulate(convert(stem + ".onnx", "cifar10"), *data,
                                 {DeviceKind::cpu, 8, 2, Coding::direct, 0, false}, 1, 8);
  EXPECT_LT(median_logit_difference(result, json::parse(read_file(stem + ".golden.json"))), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Golden, Cifar10Network,
                         ::testing::Values("cifar10-resnet20-qcfs-L4", "cifar10-resnet18-qcfs-L4"));

}  // namespace
}  // namespace rheobase

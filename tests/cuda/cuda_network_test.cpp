// Whole networks on the emulated device cuda: spikes, predictions, exit steps and operations of reference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "converters/onnx/importer.h"
#include "converters/passes.h"
#include "experiments/data/data_set.h"
#include "experiments/data/normalization.h"
#include "tests/cuda/outcomes.h"

namespace rheobase {
namespace {

using testing::run_on;
using testing::RunOutcome;

const std::string default_network =
    std::string(RHEOBASE_SOURCE_DIR) + "/experiments/models/fashion-mnist-cnn-qcfs-L4.onnx";

Graph fixed_network(const std::string& path, const std::string& preset) {
  const Registry registry = testing::full_registry();
  Graph graph = import_onnx(path).graph;
  fold_affine(graph, registry.schemas());
  convert_to_snn(graph, registry.schemas(), path);
  const Normalization normalization = normalization_preset(preset);
  const auto channels = static_cast<std::int64_t>(normalization.mean.size());
  for (Node& node : graph.nodes) {
    if (registry.schemas().of(node).role != Role::input) continue;
    node.tensors["mean"] = {{channels}, normalization.mean};
    node.tensors["std"] = {{channels}, normalization.std};
  }
  quantize(graph, registry.schemas(), path);
  return graph;
}

void expect_runs_of_reference(const Graph& graph, const SampleSource& data, const RunOptions& window) {
  const std::vector<testing::DeviceOrder> orders = testing::orders();
  std::size_t next = 0;
  for (const StopSettings& rule : {StopSettings{"never", 1.0, 0.0, {}}, {"confidence", 1.0, 0.9, {}}}) {
    const RunOutcome expected = run_on(DeviceKind::reference, 3, graph, data, rule, window);
    for (const int slots : {1, 7, 33}) {
      const testing::SetOrder set(orders[next++ % orders.size()]);
      const RunOutcome found = run_on(DeviceKind::cuda, slots, graph, data, rule, window);
      EXPECT_TRUE(same_samples(found, expected)) << rule.policy << ", " << slots << " slots";
      EXPECT_NE(found.samples.at(window.first).spike_hash, 0U);
    }
  }
}

TEST(CudaNetwork, TheDefaultNetworkSpikesAsOnReference) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "needs Debian's package dataset-fashion-mnist";
  expect_runs_of_reference(fixed_network(default_network, "fashion-mnist"),
                           *open_image_set("fashion-mnist", "test"), {4, 0, 9});
}

// Too large to ship: RHEOBASE_SHARED_MODELS and RHEOBASE_CIFAR10 say where network and images are.
TEST(CudaNetwork, ResNet20SpikesAsOnReference) {
  const char* models = std::getenv("RHEOBASE_SHARED_MODELS");
  const char* images = std::getenv("RHEOBASE_CIFAR10");
  if (models == nullptr || images == nullptr)
    GTEST_SKIP()
        << "needs RHEOBASE_SHARED_MODELS and RHEOBASE_CIFAR10, folders of the networks and of the images";
  expect_runs_of_reference(fixed_network(std::string(models) + "/cifar10-resnet20-qcfs-L4.onnx", "cifar10"),
                           *open_image_set(std::string("cifar10:") + images, "test"), {2, 0, 3});
}

}  // namespace
}  // namespace rheobase

// Training from the spec to the model: that it learns, resumes to the same bits, and says where it broke.
#include "experiments/train/trainer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "binarize/passes/pack_binary.h"
#include "converters/passes.h"
#include "sim/core/hash.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "sim/hdf5/entry.h"
#include "tests/sim/format/scratch.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using ::testing::HasSubstr;

// An IDX file: big-endian extents, then bytes.
std::string idx(unsigned char rank, const std::vector<std::uint32_t>& extents, const std::string& bytes) {
  std::string file{'\0', '\0', '\x08', static_cast<char>(rank)};
  for (const std::uint32_t extent : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(extent >> shift & 0xFF);
  }
  return file + bytes;
}

// A folder of 8x8 images whose class is the row of a bright bar, and a spec.
class Workshop {
 public:
  Workshop() {
    put_split("train", 96);
    put_split("t10k", 30);
  }

  std::string spec(const std::string& network, const std::string& more = "") const {
    const std::string data = "network = '" + network + "'\ndata = 'mnist:" + scratch.path() + "'\n";
    return scratch.put("spec.toml", data + "epochs = 4\nbatch = 16\nlambda = 2.0\n" + more);
  }
  TrainerOptions options(double checkpoint_seconds = 1e9, int threads = 2) const {
    return {threads, scratch.file("spec.toml"), scratch.file("model.checkpoint"), checkpoint_seconds, "test"};
  }

  Scratch scratch;

 private:
  void put_split(const std::string& stem, int count) const {
    std::string images, labels;
    std::uint64_t noise = 3;
    for (int i = 0; i < count; ++i) {
      const int label = i % 8;
      labels += static_cast<char>(label);
      for (int p = 0; p < 64; ++p) {
        noise = mix64(noise + static_cast<std::uint64_t>(stem.size()));
        images += static_cast<char>(noise % 60 + (p / 8 == label ? 180 : 0));
      }
    }
    const auto n = static_cast<std::uint32_t>(count);
    scratch.put(stem + "-images-idx3-ubyte", idx(3, {n, 8, 8}, images));
    scratch.put(stem + "-labels-idx1-ubyte", idx(1, {n}, labels));
  }
};

const char* const sgd = "[learning_rate]\nrate = 0.05\n[augment]\ncrop_padding = 0\n";

Model train(const Workshop& workshop, const std::string& network, std::vector<EpochResult>* epochs = nullptr,
            int threads = 2) {
  Trainer trainer(read_train_spec(workshop.spec(network, sgd)), workshop.options(1e9, threads));
  Model model = trainer.run({nullptr, [&](const EpochResult& epoch) {
                               if (epochs != nullptr) epochs->push_back(epoch);
                             }});
  std::filesystem::remove(workshop.options().checkpoint);
  return model;
}

// Of every test image.
std::vector<std::vector<float>> engine_logits(const Graph& graph, const Workshop& workshop, int steps,
                                              DeviceKind device = DeviceKind::cpu) {
  Engine engine(graph, full_registry(), {.device = device, .slots = 1});
  const auto data = open_image_set("mnist:" + workshop.scratch.path(), "test");
  std::vector<float> pixels(64);
  std::vector<std::vector<float>> all;
  for (std::int64_t i = 0; i < data->size(); ++i) {
    data->read(i, pixels);
    engine.load(0, pixels, static_cast<std::uint64_t>(i));
    for (int t = 0; t < steps; ++t) engine.step();
    all.emplace_back(engine.logits(0).begin(), engine.logits(0).end());
    engine.release(0);
  }
  return all;
}

double engine_accuracy(const Graph& graph, const Workshop& workshop, int steps) {
  const auto data = open_image_set("mnist:" + workshop.scratch.path(), "test");
  std::int64_t sample = 0, correct = 0;
  for (const std::vector<float>& logits : engine_logits(graph, workshop, steps)) {
    const auto predicted = std::max_element(logits.begin(), logits.end()) - logits.begin();
    correct += predicted == data->label(sample++) ? 1 : 0;
  }
  return static_cast<double>(correct) / static_cast<double>(sample);
}

TEST(Trainer, Learns) {
  const Workshop workshop;
  for (const char* network : {"mlp_1w1a", "cnn_qcfs"}) {
    std::vector<EpochResult> epochs;
    train(workshop, network, &epochs);
    ASSERT_EQ(epochs.size(), 4U);
    EXPECT_GT(epochs.back().test_accuracy, 0.9) << network;
    EXPECT_LT(epochs.back().loss, epochs.front().loss) << network;
  }
}

TEST(Trainer, TheEngineAgreesWithTheLastTest) {
  const Workshop workshop;
  for (const char* network : {"mlp_1w1a", "cnn_1w1a", "cnn_qcfs"}) {
    std::vector<EpochResult> epochs;
    const Model model = train(workshop, network, &epochs);
    EXPECT_DOUBLE_EQ(engine_accuracy(model.graph, workshop, 1), epochs.back().test_accuracy) << network;
  }
}

TEST(Trainer, BinaryNetworksGiveTheSameLogitsOnBits) {
  const Workshop workshop;
  for (const char* network : {"mlp_1w1a", "cnn_1w1a", "resnet20_1w1a"}) {
    const Graph trained = train(workshop, network).graph;
    Graph packed = trained;
    ASSERT_GT(pack_binary(packed, full_registry().schemas()), 0);
    const auto expected = engine_logits(trained, workshop, 1, DeviceKind::reference);
    for (const DeviceKind device : {DeviceKind::cpu, DeviceKind::reference})
      EXPECT_EQ(engine_logits(packed, workshop, 1, device), expected) << network;
  }
}

TEST(Trainer, LogsTheSignsErrorAndInstabilityOfBinaryNetworks) {
  const Workshop workshop;
  std::vector<EpochResult> epochs;
  train(workshop, "mlp_1w1a", &epochs);
  EXPECT_GT(epochs.back().estimating_error, 0);
  EXPECT_GT(epochs.back().gradient_instability, 0);
}

TEST(Trainer, TrainedQcfsNetworksConvertAndSpike) {
  const Workshop workshop;
  Model model = train(workshop, "cnn_qcfs");
  fold_affine(model.graph, full_registry().schemas());
  convert_to_snn(model.graph, full_registry().schemas(), "model");
  EXPECT_GT(engine_accuracy(model.graph, workshop, 32), 0.9);
}

TEST(Trainer, EndsInTheSameBitsWhenKilledAtAnyStep) {
  const Workshop workshop;
  const Graph expected = train(workshop, "cnn_1w1a").graph;
  struct Killed {};
  for (const int stop : {1, 5, 6, 7, 17}) {
    const TrainSpec spec = read_train_spec(workshop.spec("cnn_1w1a", sgd));
    int steps = 0;
    try {
      Trainer(spec, workshop.options(0))
          .run({[&](const TrainingStep&) {
                  if (++steps == stop) throw Killed();
                },
                nullptr});
      ADD_FAILURE() << "not killed";
    } catch (const Killed&) {
    }
    Trainer resumed(spec, workshop.options(0, 1));
    EXPECT_EQ(resumed.start().epoch * 6 + resumed.start().next_batch, stop - 1);
    EXPECT_EQ(resumed.run({}).graph, expected) << stop;
    std::filesystem::remove(workshop.options().checkpoint);
  }
}

// The statistics that a batch norm takes to the model have no part in training.
TEST(Trainer, AveragesStatisticsAnewAfterAnEpoch) {
  const Workshop workshop;
  const auto with = [&](const std::string& text) {
    const TrainSpec spec = read_train_spec(workshop.spec("mlp_1w1a", text + sgd));
    Graph graph = Trainer(spec, workshop.options()).run({}).graph;
    std::filesystem::remove(workshop.options().checkpoint);
    return graph;
  };
  const Graph running = with(""), precise = with("precise_bn = 3\n");
  int moved = 0;
  for (const Node& node : running.nodes) {
    const bool same = node == *precise.find(node.name);
    EXPECT_TRUE(same || node.op == "Affine") << node.name;
    moved += same ? 0 : 1;
  }
  EXPECT_EQ(moved, 3);
  EXPECT_GT(engine_accuracy(precise, workshop, 1), 0.9);
}

TEST(Trainer, DoesNotDependOnTheNumberOfThreads) {
  const Workshop workshop;
  EXPECT_EQ(train(workshop, "cnn_qcfs", nullptr, 1).graph, train(workshop, "cnn_qcfs", nullptr, 3).graph);
}

TEST(Trainer, NamesTheLayerWhereItLeftTheFiniteNumbersAndKeepsTheLastGoodCheckpoint) {
  const Workshop workshop;
  const TrainSpec spec =
      read_train_spec(workshop.spec("cnn_1w1a", "[learning_rate]\nrate = 1e38\nwarm_up = 1.9\n"));
  try {
    Trainer(spec, workshop.options(0)).run({});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("training left the finite numbers in epoch"));
    EXPECT_THAT(error.what(),
                ::testing::ContainsRegex("at (the gradient of )?(Binary)?(Conv2d|BatchNorm)[0-9]+"));
  }
  const Trainer good(spec, workshop.options(0));
  EXPECT_GE(good.start().next_batch, 1);
  ASSERT_FALSE(good.start().tensors.empty());
  for (const auto& tensor : good.start().tensors) {
    for (const float value : tensor) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(Trainer, RefusesAModelThatCouldNotBeWritten) {
  const Workshop workshop;
  workshop.scratch.put("net.toml", R"(layers = [{op = "Conv2d", channels = 2}, {op = "PReLU", name = "a"},
    {op = "ReLU", name = "a.positive"}, {op = "Flatten"}, {op = "Linear"}])");
  const TrainSpec spec = read_train_spec(workshop.spec("net.toml", sgd));
  EXPECT_THAT(input_error([&] { Trainer(spec, workshop.options()); }), HasSubstr("a.positive"));
}

TEST(Trainer, RefusesToTestOnWhatItTrains) {
  const Workshop workshop;
  TrainSpec spec = read_train_spec(workshop.spec("mlp_1w1a"));
  {
    const hdf5::Session session;
    hdf5::MemoryFile file(0);
    const std::vector<float> images(32 * 64, 0.5F);
    const std::vector<std::int64_t> labels(32, 9);
    hdf5::write_dataset(file.id(), "images", {32, 1, 8, 8}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, images.data());
    hdf5::write_dataset(file.id(), "labels", {32}, H5T_STD_I16LE, H5T_NATIVE_INT64, labels.data());
    workshop.scratch.put("images.h5", file.finish());
  }
  spec.data = "hdf5:" + workshop.scratch.file("images.h5");
  EXPECT_THAT(input_error([&] { Trainer(spec, workshop.options()); }),
              HasSubstr("32 of its 32 test samples are trained on (a file has one split)"));
  spec.test_data = "mnist:" + workshop.scratch.path();
  EXPECT_EQ(Trainer(spec, workshop.options()).images_per_epoch(), 32);
}

TEST(Trainer, RefusesAugmentationLargerThanTheImage) {
  const Workshop workshop;
  const TrainSpec spec =
      read_train_spec(workshop.spec("mlp_1w1a", "[augment]\ncrop_padding = 9\ncutout = 12\n"));
  const std::string message = input_error([&] { Trainer(spec, workshop.options()); });
  EXPECT_THAT(message, HasSubstr("augment.crop_padding: is 9, more than the image's 8"));
  EXPECT_THAT(message, HasSubstr("augment.cutout: is 12"));
}

TEST(Trainer, RefusesACheckpointThatIsDamagedOrOfAnotherSpec) {
  const Workshop workshop;
  const TrainSpec spec = read_train_spec(workshop.spec("mlp_1w1a", sgd));
  const TrainerOptions options = workshop.options(0);
  Trainer(spec, options).run({});
  const std::string bytes = bytes_of(options.checkpoint);
  workshop.scratch.put("model.checkpoint", bytes.substr(0, bytes.size() - 1));
  EXPECT_THAT(input_error([&] { Trainer(spec, options); }), HasSubstr("is damaged"));
  workshop.scratch.put("model.checkpoint", "RHEO");
  EXPECT_THAT(input_error([&] { Trainer(spec, options); }), HasSubstr("is no checkpoint"));
  workshop.scratch.put("model.checkpoint", bytes);
  workshop.spec("mlp_1w1a", "seed = 5\n");
  EXPECT_THAT(input_error([&] { Trainer(spec, options); }), HasSubstr("belongs to another SPEC"));
}

TEST(Trainer, TrainsADescribedNetworkAndRefusesItsCheckpointWhenItChanges) {
  const Workshop workshop;
  const std::string layers = R"({op = "Conv2d", channels = 16, stride = 2}, {op = "BatchNorm"}, {op = "QCFS"},
    {op = "BinaryConv2d", channels = 16}, {op = "BatchNorm"}, {op = "QCFS"}, {op = "Flatten"}, {op = "Linear"}])";
  workshop.scratch.put("net.toml", "layers = [" + layers);
  const TrainSpec spec = read_train_spec(workshop.spec("net.toml", sgd));
  const TrainerOptions options = workshop.options(0);
  const Graph trained = Trainer(spec, options).run({}).graph;
  EXPECT_GT(engine_accuracy(trained, workshop, 1), 0.9);
  workshop.scratch.put("net.toml", "layers = [{op = \"ReLU\"}, " + layers);
  const TrainSpec changed = read_train_spec(options.spec_path);
  EXPECT_THAT(input_error([&] { Trainer(changed, options); }), HasSubstr("belongs to another SPEC"));
}

TEST(Trainer, RefusesDataThatDoesNotFillABatch) {
  const Workshop workshop;
  TrainSpec spec = read_train_spec(workshop.spec("mlp_1w1a"));
  spec.batch = 97;
  EXPECT_THAT(input_error([&] { Trainer(spec, workshop.options()); }), HasSubstr("less than a batch of 97"));
}

}  // namespace
}  // namespace rheobase

#include "experiments/train/train_spec.h"

#include <gmock/gmock.h>

#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TrainSpec read(const std::string& text) {
  const Scratch scratch;
  return read_train_spec(scratch.put("spec.toml", text));
}

TEST(TrainSpec, HasDefaultsForAllButNetworkDataAndEpochs) {
  const TrainSpec spec = read("network = 'cnn_qcfs'\ndata = 'fashion-mnist'\nepochs = 3\n");
  EXPECT_EQ(spec.batch, 128);
  EXPECT_EQ(spec.optimizer.name, "sgd");
  EXPECT_EQ(spec.learning_rate.schedule, "cosine");
  EXPECT_EQ(spec.estimator, EstimatorSettings{});
  EXPECT_EQ(spec.augment, AugmentSettings{});
  EXPECT_FALSE(spec.limit);
}

TEST(TrainSpec, ReadsEveryTable) {
  const TrainSpec spec = read(R"(
    network = "resnet20_1w1a"
    data = "cifar10:DIR"
    epochs = 100
    scale = "channel"
    [estimator]
    name = "ede"
    [optimizer]
    name = "adam"
    weight_decay = 1e-4
    [learning_rate]
    schedule = "step"
    milestones = [50, 75.5]
    warm_up = 5
    [augment]
    crop_padding = 4
    flip = true
    cutout = 16
  )");
  EXPECT_EQ(spec.scale, "channel");
  EXPECT_EQ(spec.estimator.name, "ede");
  EXPECT_EQ(spec.optimizer.weight_decay, 1e-4);
  EXPECT_THAT(spec.learning_rate.milestones, ElementsAre(50, 75.5));
  EXPECT_EQ(spec.augment, (AugmentSettings{4, true, 16}));
}

TEST(TrainSpec, ReportsEveryFaultAtOnce) {
  const std::string message = input_error([] {
    read(R"(
      network = "resnet21"
      epochs = 0
      batch = "many"
      colour = 3
      [estimator]
      name = "rste"
      [optimizer]
      momentum = 2
      [learning_rate]
      rate = -1
      steps = 3
      [augment]
      cutout = -1
    )");
  });
  for (const char* part :
       {"'resnet21' is none of", "data: names no data set", "epochs: is 0", "batch: expected a whole",
        "colour: unknown key", "'rste': expected one of", "optimizer.momentum: is 2",
        "learning_rate.rate: is -1", "learning_rate.steps: unknown key", "augment.cutout: is -1"})
    EXPECT_THAT(message, HasSubstr(part));
}

TEST(TrainSpec, NamesTheLineThatIsNoToml) {
  EXPECT_THAT(input_error([] { read("epochs = 3\nbatch = \u00e9\n"); }), HasSubstr("spec.toml: line 2"));
  EXPECT_THAT(input_error([] { read("epochs = 3 \u3042\n"); }), HasSubstr("spec.toml: line 1"));
}

}  // namespace
}  // namespace rheobase

#include "neurons/burst_lif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "neurons/burst_lif_step.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(BurstLif, FiresAsOftenAsThresholdsFit) {
  const BurstLifNeuron<float> neuron{1.0F, 0.5F, -infinity, infinity};
  float v = 0.25F;
  EXPECT_EQ(burst_lif_step(v, 1.5F, neuron), 3.0F);
  EXPECT_EQ(v, 0.25F);  // 1.75 - 3 * 0.5
  EXPECT_EQ(burst_lif_step(v, 0.25F, neuron), 1.0F);
  EXPECT_EQ(v, 0.0F);  // it fires at the threshold
  EXPECT_EQ(burst_lif_step(v, -2.0F, neuron), 0.0F);
  EXPECT_EQ(v, -2.0F);  // nothing bounds it
  EXPECT_EQ(burst_lif_step(v, 2.25F, neuron), 0.0F);
}

TEST(BurstLif, KeepsWhatItMayNotFire) {
  const BurstLifNeuron<float> neuron{1.0F, 1.0F, -infinity, 2.0F};
  float v = 0.0F;
  EXPECT_EQ(burst_lif_step(v, 5.5F, neuron), 2.0F);
  EXPECT_EQ(v, 3.5F);
  EXPECT_EQ(burst_lif_step(v, 0.0F, neuron), 2.0F);
  EXPECT_EQ(burst_lif_step(v, 0.0F, neuron), 1.0F);
  EXPECT_EQ(v, 0.5F);
}

// The bound is that of the end of a step: within it the potential may lie below.
TEST(BurstLif, IsBoundedBelow) {
  const BurstLifNeuron<float> neuron{1.0F, 1.0F, -1.0F, infinity};
  float v = 0.5F;
  EXPECT_EQ(burst_lif_step(v, -3.0F, neuron), 0.0F);
  EXPECT_EQ(v, -1.0F);
  EXPECT_EQ(burst_lif_step(v, 2.0F, neuron), 1.0F);
  EXPECT_EQ(v, 0.0F);
}

TEST(BurstLif, LeaksBeforeItAdds) {
  const BurstLifNeuron<float> neuron{0.5F, 1.0F, -infinity, infinity};
  float v = 0.75F;
  EXPECT_EQ(burst_lif_step(v, 2.0F, neuron), 2.0F);
  EXPECT_EQ(v, 0.375F);
}

// Sum of the spikes of the steps, by neuron.
std::vector<float> spikes_of(const BurstLifParameters& parameters, const std::vector<float>& current,
                             int steps) {
  GraphBuilder b;
  b.input({static_cast<std::int64_t>(current.size())});
  b.output(b.add(parameters.node("burst", "input")));
  Engine engine(b.graph, full_registry(), {});
  engine.load(0, current, 0);
  for (int t = 0; t < steps; ++t) engine.step();
  return {engine.logits(0).begin(), engine.logits(0).end()};
}

TEST(BurstLif, ASpikeIsWorthItsHeight) {
  BurstLifParameters parameters;
  parameters.v_threshold = scalar_tensor(0.5F);
  EXPECT_THAT(spikes_of(parameters, {1.25F, 0.125F}, 4), ElementsAre(5.0F, 0.5F));
  parameters.height = scalar_tensor(2.0F);
  EXPECT_THAT(spikes_of(parameters, {1.25F, 0.125F}, 4), ElementsAre(20.0F, 2.0F));
}

std::string refusal(const BurstLifParameters& parameters) {
  GraphBuilder b;
  b.input({2});
  b.output(b.add(parameters.node("burst", "input")));
  try {
    validate_or_throw(b.graph, full_registry().schemas(), "graph");
  } catch (const InputError& error) {
    return error.what();
  }
  return "is sound";
}

TEST(BurstLif, NamesWhatItCannotBe) {
  EXPECT_EQ(refusal({}), "is sound");
  BurstLifParameters parameters;
  parameters.decay = scalar_tensor(1.5F);
  EXPECT_THAT(refusal(parameters), HasSubstr("burst: decay is 1.5, expected 0 to 1"));
  parameters = {};
  parameters.v_threshold = scalar_tensor(0.0F);
  EXPECT_THAT(refusal(parameters), HasSubstr("v_threshold is 0, expected more than 0"));
  parameters = {};
  parameters.v_min = scalar_tensor(0.5F);
  EXPECT_THAT(refusal(parameters), HasSubstr("v_min is 0.5, expected"));
  parameters = {};
  parameters.max_spikes = 40000;
  EXPECT_THAT(refusal(parameters), HasSubstr("max_spikes is 40000, expected 1 to 32767"));
}

}  // namespace
}  // namespace rheobase

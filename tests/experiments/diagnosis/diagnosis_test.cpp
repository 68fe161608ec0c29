// What a conversion loses, and where: networks that are exact, and networks that one layer breaks.
#include "experiments/diagnosis/diagnosis.h"

#include <gmock/gmock.h>

#include <cmath>

#include "converters/passes.h"
#include "experiments/diagnosis/diagnosis_text.h"
#include "neurons/relu.h"
#include "sim/core/error.h"
#include "tests/experiments/diagnosis/chain.h"

namespace rheobase {
namespace {

using test::diagnosed;
using test::qcfs_chain;
using test::spiking_chain;
using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;

const LayerError& last(const Diagnosis& found, std::size_t layer) {
  return found.layers.at(layer).by_steps.back();
}

TEST(Diagnosis, ALayerOfAsManyStepsAsLevelsHasNoError) {
  const Graph source = qcfs_chain(1);
  const Diagnosis found = diagnosed(source, spiking_chain(source), 4);
  ASSERT_EQ(found.layers.size(), 1U);
  EXPECT_EQ(found.layers[0].name, "a0");
  EXPECT_EQ(found.layers[0].neurons, 216);
  EXPECT_GT(found.layers[0].rms, 0.1);
  const LayerError& error = last(found, 0);
  EXPECT_EQ(error.steps, 4);
  EXPECT_LT(error.error, 1e-6);
  EXPECT_LT(error.own_error, 1e-6);
  EXPECT_NEAR(error.mean_error, 0.0, 1e-6);
  EXPECT_NEAR(error.correlation, 1.0, 1e-6);
  EXPECT_EQ(error.clipped, 0.0);
  EXPECT_EQ(error.silent, 0.0);
  EXPECT_GT(error.saturated, 0.0);  // activations of lambda
  EXPECT_EQ(found.logits.back().same, 1.0);
  EXPECT_NEAR(found.logits.back().correlation, 1.0, 1e-6);
  EXPECT_EQ(loss_start(found), std::nullopt);
}

TEST(Diagnosis, LooksAtOneStepTwoFourAndTheLast) {
  const Graph source = qcfs_chain(1);
  const Diagnosis found = diagnosed(source, spiking_chain(source), 6);
  EXPECT_THAT(found.steps, ElementsAre(1, 2, 4, 6));
  ASSERT_EQ(found.layers[0].by_steps.size(), 4U);
  EXPECT_GT(found.layers[0].by_steps[0].error, found.layers[0].by_steps[2].error);
  // Four steps are exact, whatever comes after.
  EXPECT_LT(found.layers[0].by_steps[2].error, 1e-6);
  EXPECT_EQ(found.logits.size(), 4U);
}

TEST(Diagnosis, AThresholdTenTimesTooSmallClipsItsLayer) {
  const Graph source = qcfs_chain(3);
  const Diagnosis found = diagnosed(source, spiking_chain(source, {{"a1", 0.1F}}), 32);
  EXPECT_EQ(loss_start(found), 1U);
  EXPECT_GT(last(found, 1).clipped, 0.7);  // a level is 0.25; a neuron that pauses once is not at its ceiling
  EXPECT_GT(last(found, 1).saturated, 0.1);
  EXPECT_GT(last(found, 1).clipping, 0.9);
  EXPECT_LT(last(found, 1).mean_error, 0.0);
  EXPECT_EQ(last(found, 0).clipped, 0.0);
  EXPECT_THAT(diagnosis_advice(found), HasSubstr("starts in 'a1'"));
  EXPECT_THAT(diagnosis_advice(found), HasSubstr("too small"));
}

TEST(Diagnosis, ALayerThatNeverFiresIsSilent) {
  const Graph source = qcfs_chain(2);
  const Diagnosis found = diagnosed(source, spiking_chain(source, {{"a0", 1e6F}}), 8);
  EXPECT_EQ(loss_start(found), 0U);
  EXPECT_EQ(last(found, 0).silent, 1.0);
  EXPECT_EQ(last(found, 0).events, 0.0);
  EXPECT_EQ(last(found, 0).saturated, 0.0);
  EXPECT_NEAR(last(found, 0).error, 1.0, 1e-9);
  EXPECT_NEAR(last(found, 0).silence, 1.0, 1e-9);
  EXPECT_TRUE(std::isnan(last(found, 0).correlation));
  EXPECT_THAT(diagnosis_advice(found), HasSubstr("too large"));
}

TEST(Diagnosis, ABrokenLayerIsNamedAndThoseBehindItAreNot) {
  const Graph source = qcfs_chain(5);
  const Diagnosis found = diagnosed(source, spiking_chain(source, {{"a2", 0.1F}}), 32);
  EXPECT_EQ(loss_start(found), 2U);
  for (const std::size_t behind : {3U, 4U}) {
    EXPECT_GT(last(found, behind).error, 0.3);
    EXPECT_LT(last(found, behind).own_error, 0.5 * last(found, 2).own_error);
  }
  for (const std::size_t before : {0U, 1U}) EXPECT_LT(last(found, before).error, 0.5 * last(found, 2).error);
}

TEST(Diagnosis, ALayerOfRareLargeEventsIsNamedThoughTheirUnevennessSpreads) {
  const Graph source = qcfs_chain(5);
  const Diagnosis found = diagnosed(source, spiking_chain(source, {{"a2", 20.0F}}), 32);
  EXPECT_EQ(loss_start(found), 2U);
  EXPECT_GT(last(found, 3).own_error, 0.1);
}

TEST(Diagnosis, SilenceOfAChannelIsAShareOfItsActiveNeurons) {
  const Graph source = qcfs_chain(1);
  Graph spiking = spiking_chain(source);
  IfParameters neuron;
  neuron.v_threshold = {{6}, {1, 1, 1, 1, 1, 1e6F}};
  neuron.v_init = {{6}, {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.0F}};
  *spiking.find("a0") = neuron.node("a0", source.find("a0")->inputs.at(0));
  const Diagnosis found = diagnosed(source, spiking, 4);
  EXPECT_GT(last(found, 0).silent, 0.0);
  EXPECT_LT(last(found, 0).silent, 0.5);
  EXPECT_NEAR(last(found, 0).silence, 1.0, 1e-9);
}

TEST(Diagnosis, MaxPoolsMoveAsInConversion) {
  GraphBuilder b(7);
  const std::string conv = b.conv2d(b.input({2, 6, 6}), {.outputs = 5, .inputs = 2});
  const std::string activation = b.add(QcfsParameters{scalar_tensor(1), 4}.node("act", conv));
  const std::vector<std::int64_t> two{2, 2};
  const std::string pool = b.add({"pool", "MaxPool2d", {activation}, {{"kernel", two}, {"stride", two}}, {}});
  b.output(b.linear(b.op("Flatten", {pool}), 45, 3));
  Graph spiking = b.graph;
  convert_to_snn(spiking, full_registry().schemas(), "test");
  const Diagnosis found = diagnosed(b.graph, spiking, 4);
  ASSERT_EQ(found.layers.size(), 1U);
  EXPECT_TRUE(found.left_out.empty());
  EXPECT_EQ(found.layers[0].neurons, 45);
  EXPECT_LT(last(found, 0).error, 1e-6);
}

TEST(Diagnosis, WhatIsConstantCountsOnce) {
  // A ReLU that reads the image is the same at every step.
  GraphBuilder b(3);
  const std::string conv = b.conv2d(b.input({2, 6, 6}), {.outputs = 5, .inputs = 2});
  const std::string relu = b.add(ReluParameters{}.node("relu", conv));
  b.output(b.linear(b.op("Flatten", {relu}), 180, 3));
  const Diagnosis found = diagnosed(b.graph, b.graph, 3);
  ASSERT_EQ(found.layers.size(), 1U);
  EXPECT_EQ(last(found, 0).error, 0.0);
  EXPECT_EQ(last(found, 0).own_error, 0.0);
  EXPECT_NEAR(found.logits.back().correlation, 1.0, 1e-9);
}

TEST(Diagnosis, NumbersDoNotDependOnSlotsOrThreads) {
  const Graph source = qcfs_chain(3);
  const Graph spiking = spiking_chain(source, {{"a1", 0.5F}});
  const Diagnosis expected = diagnosed(source, spiking, 5, 1, 1);
  for (const auto& [slots, threads] : {std::pair(3, 1), std::pair(4, 3), std::pair(64, 2)}) {
    const Diagnosis found = diagnosed(source, spiking, 5, slots, threads);
    for (std::size_t i = 0; i < expected.layers.size(); ++i) {
      EXPECT_EQ(found.layers[i].rms, expected.layers[i].rms);
      for (std::size_t t = 0; t < expected.steps.size(); ++t) {
        const LayerError& one = expected.layers[i].by_steps[t];
        const LayerError& other = found.layers[i].by_steps[t];
        EXPECT_EQ(one.mean_error, other.mean_error);
        EXPECT_EQ(one.error, other.error);
        EXPECT_EQ(one.own_error, other.own_error);
        EXPECT_EQ(one.correlation, other.correlation);
        EXPECT_EQ(one.clipped, other.clipped);
        EXPECT_EQ(one.silent, other.silent);
        EXPECT_EQ(one.saturated, other.saturated);
        EXPECT_EQ(one.events, other.events);
        EXPECT_EQ(one.clipping, other.clipping);
        EXPECT_EQ(one.silence, other.silence);
      }
    }
    for (std::size_t t = 0; t < expected.steps.size(); ++t) {
      EXPECT_EQ(found.logits[t].same, expected.logits[t].same);
      EXPECT_EQ(found.logits[t].correlation, expected.logits[t].correlation);
    }
  }
}

TEST(Diagnosis, NeuronsWithoutACounterpartAreNamed) {
  const Graph source = qcfs_chain(2);
  Graph spiking = spiking_chain(source);
  for (Node& node : spiking.nodes) {
    if (node.name == "a1") node.name = "other";
    for (std::string& input : node.inputs) {
      if (input == "a1") input = "other";
    }
  }
  const Diagnosis found = diagnosed(source, spiking, 4);
  EXPECT_THAT(found.left_out, ElementsAre("other"));
  ASSERT_EQ(found.layers.size(), 1U);
  EXPECT_EQ(found.layers[0].name, "a0");
}

TEST(Diagnosis, SamplesOfAnotherShapeAreRefused) {
  const Graph source = qcfs_chain(1);
  const test::RandomImages data({1, 6, 6}, 4);
  try {
    diagnose(source, spiking_chain(source), data, full_registry(), {.samples = 4, .steps = 2});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("samples are 1x6x6, the network takes 2x6x6"));
  }
}

TEST(Diagnosis, StepsBeyondItsCountersAreRefused) {
  const Graph source = qcfs_chain(1);
  const test::RandomImages data({2, 6, 6}, 4);
  for (const int steps : {0, max_diagnosed_steps + 1})
    EXPECT_THROW(
        diagnose(source, spiking_chain(source), data, full_registry(), {.samples = 4, .steps = steps}),
        InputError);
}

}  // namespace
}  // namespace rheobase

// Binary weights, and the layers of binary networks, as they are exported.
#include <gmock/gmock.h>

#include <functional>

#include "converters/passes.h"
#include "tests/converters/onnx_chain.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A 1 x 1 convolution of 2 channels whose latent weights `w` {2, 2, 1, 1} become "b" by what `binarise`
/// adds.
Floats binary_weights(const Floats& latent, const std::function<void(OnnxModel&)>& binarise, int opset = 17) {
  OnnxModel model({-1, 2, 3, 3}, opset);
  model.reals("w", {2, 2, 1, 1}, latent);
  binarise(model);
  model.node("Conv", {"x", "b"}, "c");
  model.node("Flatten", {"c"}, "y");
  return only(model.import(), "Conv2d").tensor("weight")->reals();
}

TEST(BinaryWeights, AreFoldedWithAScalePerLayer) {
  const Floats weights = binary_weights({0.5F, -1.5F, 2, -4}, [](OnnxModel& m) {
    m.node("Abs", {"w"}, "a");
    m.node("ReduceMean", {"a"}, "alpha").with("keepdims", 0);
    m.node("Sign", {"w"}, "s");
    m.node("Mul", {"alpha", "s"}, "b");
  });
  EXPECT_EQ(weights, (Floats{2, -2, 2, -2}));
}

TEST(BinaryWeights, AreFoldedWithAScalePerChannel) {
  for (const int opset : {17, 18}) {
    const auto binarise = [&](OnnxModel& m) {
      m.integers("axes", {1, 2, 3}).node("Abs", {"w"}, "a");
      if (opset == 18) {
        m.node("ReduceMean", {"a", "axes"}, "alpha");
      } else {
        m.node("ReduceMean", {"a"}, "alpha").with("axes", Ints{1, 2, -1});
      }
      m.real("0", 0).real("1", 1).real("-1", -1).node("GreaterOrEqual", {"w", "0"}, "up");
      m.node("Where", {"up", "1", "-1"}, "s");
      m.node("Mul", {"alpha", "s"}, "b");
    };
    EXPECT_EQ(binary_weights({0.5F, -1.5F, 2, -4}, binarise, opset), (Floats{1, -1, 3, -3}));
  }
}

TEST(BinaryWeights, MayBeScaledByNorms) {
  const auto scaled_by = [](const char* reduction) {
    return binary_weights({3, -4, 6, -8}, [&](OnnxModel& m) {
      m.node(reduction, {"w"}, "n").with("axes", Ints{1, 2, 3});
      m.node("Sign", {"w"}, "s");
      m.node("Mul", {"n", "s"}, "b");
    });
  };
  EXPECT_EQ(scaled_by("ReduceL1"), (Floats{7, -7, 14, -14}));
  EXPECT_EQ(scaled_by("ReduceL2"), (Floats{5, -5, 10, -10}));
  EXPECT_EQ(scaled_by("ReduceSumSquare"), (Floats{25, -25, 100, -100}));
  EXPECT_EQ(scaled_by("ReduceMax"), (Floats{3, -3, 6, -6}));
  EXPECT_EQ(scaled_by("ReduceMin"), (Floats{-4, 4, -8, 8}));
  EXPECT_EQ(scaled_by("ReduceSum"), (Floats{-1, 1, -2, 2}));
}

TEST(BinaryWeights, LoseTheSumsOfTheirEstimator) {  // (s - clip(w)) + clip(w): exactly s
  const Floats weights = binary_weights({1e-3F, -0.7F, 0.3F, -4}, [](OnnxModel& m) {
    m.real("low", -1).real("high", 1).node("Sign", {"w"}, "s");
    m.node("Clip", {"w", "low", "high"}, "clipped");
    m.node("Sub", {"s", "clipped"}, "difference");
    m.node("Add", {"difference", "clipped"}, "b");
  });
  EXPECT_EQ(weights, (Floats{1, -1, 1, -1}));
}

TEST(BinaryWeights, KeepALatentWeightOfZeroAtZero) {  // as the file computes it
  const Floats weights = binary_weights({0, -1.5F, 2, -4}, [](OnnxModel& m) { m.node("Sign", {"w"}, "b"); });
  EXPECT_EQ(weights, (Floats{0, -1, 1, -1}));
}

TEST(BinaryWeights, ThatWereRoundedAreSnappedChannelByChannel) {
  const float m = 0.02F;
  const float above = m * (1 + 2e-6F);
  const Floats weights = binary_weights({m, -above, m, 1.001F * m},
                                        [](OnnxModel& model) { model.node("Identity", {"w"}, "b"); });
  EXPECT_EQ(weights[0], -weights[1]);
  EXPECT_NEAR(weights[0], m, 1e-7);
  EXPECT_EQ(weights[2], m);
  EXPECT_EQ(weights[3], 1.001F * m);
}

TEST(BinaryWeights, OfAMatrixAreSnappedByOutput) {
  OnnxModel model({-1, 2});
  const float above = 1 + 2e-6F;
  model.reals("w", {2, 2}, {1, 3, -above, 4}).node("MatMul", {"x", "w"}, "y");  // one column an output
  const Floats weights = only(model.import(), "Linear").tensor("weight")->reals();
  EXPECT_EQ(weights[0], -weights[1]);
  EXPECT_EQ(weights[2], 3);
  EXPECT_EQ(weights[3], 4);
}

TEST(Prelu, IsADifferenceOfTwoRelus) {
  Chain chain;
  const Graph graph = chain.binary("PRelu", {2, 1, 1}, {0.25F, -2}).import();
  EXPECT_EQ(ops_of(graph), "Input ReLU Affine ReLU Affine Add Flatten Output");
  const auto node = [&](const char* suffix) { return graph.find(std::string("/act/PRelu1") + suffix); };
  EXPECT_EQ(node("")->inputs, (Names{"/act/PRelu1/positive", "/act/PRelu1/scaled"}));
  EXPECT_EQ(node("/positive")->inputs, Names{"x"});
  EXPECT_EQ(node("/mirrored")->tensor("scale")->reals(), Floats{-1});
  EXPECT_EQ(node("/negative")->inputs, Names{"/act/PRelu1/mirrored"});
  EXPECT_EQ(node("/scaled")->inputs, Names{"/act/PRelu1/negative"});
  EXPECT_EQ(node("/scaled")->tensor("scale")->reals(), (Floats{-0.25F, 2}));
}

TEST(Prelu, MayHaveOneSlope) {
  Chain chain;
  const Graph graph = chain.binary("PRelu", 0.25F).import();
  EXPECT_EQ(graph.find("/act/PRelu1/scaled")->tensor("scale")->reals(), Floats{-0.25F});
  OnnxModel leaky({-1, 3});
  leaky.node("LeakyRelu", {"x"}, "y", "leaky").with("alpha", 0.5);
  EXPECT_EQ(leaky.import().find("leaky/scaled")->tensor("scale")->reals(), Floats{-0.5F});
}

TEST(Prelu, MayStandBetweenShifts) {  // RPReLU
  Chain chain;
  chain.binary("Add", {2, 1, 1}, {1, 2}).binary("PRelu", {2, 1, 1}, {0.25F, 0.5F}).binary("Add", 3);
  EXPECT_EQ(ops_of(chain.import()), "Input Affine ReLU Affine ReLU Affine Add Affine Flatten Output");
}

TEST(Prelu, NeedsAConstantSlope) {
  Chain chain;
  chain.model().node("PRelu", {"x", "x"}, "p", "prelu");
  EXPECT_THAT(chain.at("p").faults(), ElementsAre(HasSubstr("prelu: 'x' must be a constant")));
}

/// Sign of the input, times `factor` per channel, through `between` into a convolution, folded.
Graph scaled_sign(const Floats& factor, const char* between) {
  Chain chain;
  chain.unary("Sign").binary("Mul", {static_cast<std::int64_t>(factor.size()), 1, 1}, factor).unary(between);
  chain.model().reals("w", {1, 2, 1, 1}, {3, -3}).node("Conv", {chain.value(), "w"}, "c", "conv");
  Graph graph = chain.at("c").import();
  fold_affine(graph, converter_schemas());
  shapes_of(graph);
  return graph;
}

TEST(FoldAffine, PutsTheFactorOfASignIntoTheWeightsThatReadIt) {
  const Graph graph = scaled_sign({-0.5F}, "Identity");
  EXPECT_EQ(ops_of(graph), "Input Sign Conv2d Flatten Output");
  EXPECT_EQ(only(graph, "Conv2d").tensor("weight")->reals(), (Floats{-1.5F, 1.5F}));
}

TEST(FoldAffine, KeepsFactorsOfASignThatDifferOrMeetAPool) {
  EXPECT_EQ(ops_of(scaled_sign({2, 3}, "Identity")), "Input Sign Affine Conv2d Flatten Output");
  EXPECT_EQ(ops_of(scaled_sign({-1}, "GlobalMaxPool")), "Input Sign Affine MaxPool2d Conv2d Flatten Output");
}

TEST(FoldAffine, FollowsASignThroughFlattenToEveryReader) {
  Chain chain({-1, 2, 1, 1});
  OnnxModel& model = chain.unary("Sign").binary("Mul", -1).model();
  model.node("Flatten", {chain.value()}, "f");
  model.reals("a", {2, 2}, {1, 2, 3, 4}).node("MatMul", {"f", "a"}, "p", "p");
  model.node("MatMul", {"f", "a"}, "q", "q");
  model.node("Add", {"p", "q"}, "sum");
  Graph graph = chain.at("sum").import();
  fold_affine(graph, converter_schemas());
  EXPECT_EQ(ops_of(graph), "Input Sign Flatten Linear Linear Add Output");
  EXPECT_EQ(graph.find("p")->tensor("weight")->reals(), (Floats{-1, -3, -2, -4}));
  EXPECT_EQ(graph.find("q")->tensor("weight")->reals(), (Floats{-1, -3, -2, -4}));
}

}  // namespace
}  // namespace rheobase::test

// ONNX's Sign is 0 at 0 and ours is +1: what is refused, what is noted, what is exact.
#include <gmock/gmock.h>

#include "converters/onnx/proto/import_bytes.h"
#include "converters/passes.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// x -> ... -> y; values and nodes have one name.
class Network {
 public:
  explicit Network(const Ints& input = {-1, 2, 6, 6}) : model_(input) {}

  OnnxNode add(const std::string& op, const Names& inputs, const std::string& name) {
    return model_.node(op, inputs, name, name);
  }
  /// A 3x3 convolution of 2 to 2 channels with weights of both signs, or +-1, or all of one.
  void conv(const std::string& input, const std::string& name, const Floats& cycle = {0.5F, -0.3F, 0.2F}) {
    Floats weights(36);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = cycle[i % cycle.size()];
    model_.reals(name + "/w", {2, 2, 3, 3}, weights);
    add("Conv", {input, name + "/w"}, name);
  }
  void biased_conv(const std::string& input, const std::string& name) {
    conv(input, name + "/sum");
    model_.reals(name + "/b", {1, 2, 1, 1}, {0.25F, -0.125F});
    add("Add", {name + "/sum", name + "/b"}, name);
  }
  void batch_norm(const std::string& input, const std::string& name, const Floats& gamma,
                  const Floats& beta) {
    model_.reals(name + "/g", {2}, gamma).reals(name + "/b", {2}, beta);
    model_.reals(name + "/m", {2}, {0, 0}).reals(name + "/v", {2}, {1, 2});
    add("BatchNormalization", {input, name + "/g", name + "/b", name + "/m", name + "/v"}, name);
  }
  /// The sign of `input`, and what follows.
  Network& sign(const std::string& input) {
    add("Sign", {input}, "sign");
    return end("sign");
  }
  Network& end(const std::string& input) {
    add("Flatten", {input}, "y");
    return *this;
  }
  Network& normalise(float mean, float std) {
    mean_ = {mean};
    std_ = {std};
    return *this;
  }
  OnnxModel& model() { return model_; }

  Notes check() const {
    OnnxImport import = onnx_import::import_onnx_bytes(model_.bytes(), "test.onnx", "");
    for (Node& node : import.graph.nodes) {
      if (node.op != "Input" || mean_.empty()) continue;
      node.tensors["mean"] = {{1}, mean_};
      node.tensors["std"] = {{1}, std_};
    }
    return check_signs_of_zero(import.graph, converter_schemas(), import.signs, "test.onnx");
  }
  std::vector<std::string> notes() const { return texts(check()); }
  std::vector<std::string> faults() const {
    try {
      check();
    } catch (const InputError& error) {
      return texts(error.faults());
    }
    return {};
  }

 private:
  static std::vector<std::string> texts(const std::vector<Fault>& faults) {
    std::vector<std::string> result;
    for (const Fault& fault : faults) result.push_back(fault.where + ": " + fault.what);
    return result;
  }

  OnnxModel model_;
  Floats mean_, std_;
};

TEST(SignOfZero, OfPixelsIsRefusedWithTheirNormalisationAsTheWayOut) {
  Network pixels;
  EXPECT_THAT(
      pixels.sign("x").faults(),
      ElementsAre(AllOf(StartsWith("sign: takes the sign of the pixels of 'x'"), HasSubstr("never negative"),
                        HasSubstr("--normalize"), HasSubstr("Where(x > 0, 1, -1)"))));
  EXPECT_THAT(pixels.normalise(0.5F, 0.5F).faults(), IsEmpty());
  EXPECT_THAT(pixels.notes(), IsEmpty());
}

TEST(SignOfZero, OfPixelsThatTheFileNormalisesIsTaken) {
  Network network;
  network.model().real("mean", 0.5F);
  network.add("Sub", {"x", "mean"}, "centred");
  EXPECT_THAT(network.sign("centred").notes(), IsEmpty());
}

TEST(SignOfZero, OfPooledPixelsIsRefused) {
  Network largest;
  largest.add("MaxPool", {"x"}, "pool").with("kernel_shape", Ints{2, 2});
  EXPECT_THAT(largest.sign("pool").faults(),
              ElementsAre(StartsWith("sign: takes the sign of the pixels of 'x'")));
  Network mean;
  mean.add("GlobalAveragePool", {"x"}, "pool");
  EXPECT_THAT(mean.sign("pool").faults(),
              ElementsAre(StartsWith("sign: takes the sign of the pixels of 'x'")));
}

TEST(SignOfZero, OfRectifiedValuesIsRefused) {
  Network relu;
  relu.biased_conv("x", "c");
  relu.add("Relu", {"c"}, "relu");
  EXPECT_THAT(relu.sign("relu").faults(),
              ElementsAre(StartsWith("sign: takes the sign of 'relu', which is never negative")));
  Network pooled;
  pooled.biased_conv("x", "c");
  pooled.add("Relu", {"c"}, "relu");
  pooled.add("GlobalMaxPool", {"relu"}, "pool");
  EXPECT_THAT(pooled.sign("pool").faults(), ElementsAre(StartsWith("sign: takes the sign of 'relu'")));
}

TEST(SignOfZero, OfASumOfRectifiedValuesIsRefused) {
  Network network;
  network.biased_conv("x", "a");
  network.biased_conv("a", "b");
  network.add("Relu", {"a"}, "r");
  network.add("Slice", {"r", "from", "to", "axes"}, "cut");
  network.model().integers("from", {1, 1}).integers("to", {3, 3}).integers("axes", {2, 3});
  network.add("Relu", {"b"}, "q");
  network.add("Add", {"cut", "q"}, "sum");
  EXPECT_THAT(network.sign("sum").faults(),
              ElementsAre(StartsWith("sign: takes the sign of 'r', which is never negative")));
}

TEST(SignOfZero, OfRectifiedValuesBehindABatchNormIsRefusedWithoutAShift) {
  for (const bool has_shift : {false, true}) {
    Network network;
    network.biased_conv("x", "c");
    network.add("Relu", {"c"}, "relu");
    network.batch_norm("relu", "bn", {1, -2}, has_shift ? Floats{-0.5F, 0.5F} : Floats{0, 0});
    network.sign("bn");
    if (has_shift) {
      EXPECT_THAT(network.notes(), IsEmpty());
    } else {
      EXPECT_THAT(network.faults(),
                  ElementsAre(StartsWith("sign: takes the sign of 'relu', which is never")));
    }
  }
}

TEST(SignOfZero, OfPaddingIsRefusedAndBehindTheSignItIsNot) {
  Network network;
  network.model().integers("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  network.biased_conv("x", "c");
  network.add("Pad", {"c", "pads"}, "pad");
  EXPECT_THAT(network.sign("pad").faults(),
              ElementsAre(AllOf(StartsWith("sign: takes the sign of zeros that 'pad' adds"),
                                HasSubstr("pad behind the sign"))));
  Network behind;
  behind.model().integers("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  behind.biased_conv("x", "c");
  behind.add("Sign", {"c"}, "sign");
  behind.add("Pad", {"sign", "pads"}, "pad");
  EXPECT_THAT(behind.end("pad").notes(), IsEmpty());
}

TEST(SignOfZero, OfSomeRectifiedChannelsIsRefused) {
  Network network;
  network.biased_conv("x", "c");
  network.add("Relu", {"c"}, "relu");
  network.add("Concat", {"c", "relu"}, "both").with("axis", 1);
  EXPECT_THAT(network.sign("both").faults(),
              ElementsAre(HasSubstr("'relu', which is never negative in 2 of 4 channels")));
}

TEST(SignOfZero, OfSumsThatCannotBeNegativeIsRefused) {
  Network network;
  network.conv("x", "c", {0.5F});
  EXPECT_THAT(network.sign("c").faults(),
              ElementsAre(StartsWith("sign: takes the sign of 'c', which is never negative")));
}

TEST(SignOfZero, OfDeadChannelsIsRefused) {
  Network network;
  network.biased_conv("x", "c");
  network.batch_norm("c", "bn", {1, 0}, {0.5F, 0});
  EXPECT_THAT(network.sign("bn").faults(),
              ElementsAre(HasSubstr("'bn', which is always 0 in 1 of 2 channels")));
}

TEST(SignOfZero, OfWhatIsNeverPositiveIsRefused) {
  Network network;
  network.biased_conv("x", "c");
  network.add("Relu", {"c"}, "relu");
  network.add("Neg", {"relu"}, "negative");
  EXPECT_THAT(network.sign("negative").faults(), ElementsAre(HasSubstr("never positive")));
}

TEST(SignOfZero, OfAPReluIsThatOfItsInput) {
  Network network;
  network.model().reals("slope", {2, 1, 1}, {0.25F, -0.5F});
  network.biased_conv("x", "c");
  network.add("PRelu", {"c", "slope"}, "prelu");
  EXPECT_THAT(network.sign("prelu").faults(), IsEmpty());
}

TEST(SignOfZero, IsNotAskedOfComparisons) {
  Network network;
  network.model().real("zero", 0).real("one", 1).real("minus", -1);
  network.add("Relu", {"x"}, "relu");
  network.add("Greater", {"relu", "zero"}, "above");
  network.add("Where", {"above", "one", "minus"}, "sign");
  EXPECT_THAT(network.end("sign").notes(), IsEmpty());
}

TEST(SignOfZero, IsNotedWhereSignsAddUpToAnEvenNumber) {
  Network network;
  network.biased_conv("x", "c");
  network.add("Sign", {"c"}, "first");
  network.conv("first", "sum", {1, -1, -1});  // 18 of them
  EXPECT_THAT(network.sign("sum").notes(),
              ElementsAre(AllOf(StartsWith("sign: what 'sum' sums is often exactly 0"),
                                HasSubstr("Where(x >= 0, 1, -1)"))));
}

TEST(SignOfZero, IsNotNotedBehindABatchNormOrWhereTheirNumberIsOdd) {
  Network normalised;
  normalised.biased_conv("x", "c");
  normalised.add("Sign", {"c"}, "first");
  normalised.conv("first", "sum", {1, -1, -1});
  normalised.batch_norm("sum", "bn", {0.3F, -0.2F}, {0.11F, 0.07F});
  EXPECT_THAT(normalised.sign("bn").notes(), IsEmpty());
  Network odd({-1, 3});
  odd.model().real("threshold", 0.5F).reals("w", {3, 3}, {1, -1, 1, 1, 1, -1, -1, -1, 1});
  odd.add("Sub", {"x", "threshold"}, "centred");
  odd.add("Sign", {"centred"}, "first");
  odd.add("MatMul", {"first", "w"}, "sum");
  EXPECT_THAT(odd.sign("sum").notes(), IsEmpty());
}

TEST(SignOfZero, IsNotedWhereTwoSignsMeet) {
  Network network;
  network.biased_conv("x", "c");
  network.biased_conv("x", "d");
  network.add("Sign", {"c"}, "first");
  network.add("Sign", {"d"}, "second");
  network.add("Add", {"first", "second"}, "join");
  EXPECT_THAT(network.sign("join").notes(),
              ElementsAre(StartsWith("sign: what 'join' sums is often exactly 0")));
}

TEST(SignOfZero, IsNotedOfDarkWindowsWithoutABias) {
  Network network;
  network.conv("x", "c");
  EXPECT_THAT(network.sign("c").notes(),
              ElementsAre(StartsWith("sign: takes the sign of 'c', which is exactly 0 where")));
  Network biased;
  biased.biased_conv("x", "c");
  EXPECT_THAT(biased.sign("c").notes(), IsEmpty());
}

TEST(SignOfZero, IsNotedOfFeaturesWhoseRangeNobodyKnows) {
  Network network({-1, 4});
  EXPECT_THAT(network.sign("x").notes(), ElementsAre(HasSubstr("takes the sign of the features of 'x'")));
}

TEST(SignOfZero, IsNotedOfWhatIsAlwaysTheSame) {
  Network network;
  network.model().real("one", 1);
  network.add("Add", {"x", "one"}, "raised");
  EXPECT_THAT(network.sign("raised").notes(), ElementsAre("sign: is the same for every input"));
}

TEST(SignOfZero, NamesEverySignAtFault) {
  Network network;
  network.add("Sign", {"x"}, "first");
  network.biased_conv("first", "c");
  network.add("Relu", {"c"}, "relu");
  EXPECT_THAT(network.sign("relu").faults(), ElementsAre(StartsWith("first: "), StartsWith("sign: ")));
}

}  // namespace
}  // namespace rheobase::test

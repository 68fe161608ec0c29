// The integers that quantize() finds, against numbers worked out by hand (docs/reference/arithmetic.md).
#include <gmock/gmock.h>

#include <cmath>

#include "converters/passes.h"
#include "neurons/if.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

Tensor per_channel(const Floats& values) { return {{static_cast<std::int64_t>(values.size())}, values}; }

Node plain(const std::string& name, const std::string& op, const Names& from) {
  return {name, op, from, {}, {}};
}

Node input(const Shape& shape, const Floats& mean = {}, const Floats& std = {}) {
  Node node = plain("in", "Input", {});
  node.attributes["shape"] = shape;
  if (!mean.empty()) node.tensors["mean"] = per_channel(mean);
  if (!std.empty()) node.tensors["std"] = per_channel(std);
  return node;
}

// Half charged, as converted networks are.
Node neuron(const std::string& name, const std::string& from, const Floats& v_threshold) {
  IfParameters parameters;
  parameters.v_threshold = parameters.v_init = per_channel(v_threshold);
  for (float& v_init : parameters.v_init.reals()) v_init /= 2;
  return parameters.node(name, from);
}

// 1x1.
Node conv(const std::string& name, const std::string& from, std::int64_t outputs, const Floats& weight,
          const Floats& bias = {}) {
  Node node = plain(name, "Conv2d", {from});
  node.tensors["weight"] = {{outputs, static_cast<std::int64_t>(weight.size()) / outputs, 1, 1}, weight};
  if (!bias.empty()) node.tensors["bias"] = per_channel(bias);
  return node;
}

Node linear(const std::string& name, const std::string& from, std::int64_t outputs, const Floats& weight) {
  Node node = plain(name, "Linear", {from});
  node.tensors["weight"] = {{outputs, static_cast<std::int64_t>(weight.size()) / outputs}, weight};
  return node;
}

Node affine(const std::string& name, const std::string& from, const Floats& scale, const Floats& shift) {
  Node node = plain(name, "Affine", {from});
  node.tensors["scale"] = per_channel(scale);
  node.tensors["shift"] = per_channel(shift);
  return node;
}

Node pool(const std::string& name, const std::string& from, std::int64_t kernel) {
  Node node = plain(name, "AvgPool2d", {from});
  node.attributes["kernel"] = node.attributes["stride"] = Ints{kernel, kernel};
  return node;
}

// Spikes called `a` of an image of this shape, then `nodes`, then Flatten and Output behind the last of them.
Graph behind_spikes(const Shape& shape, const Floats& v_threshold, const std::vector<Node>& nodes) {
  Graph graph{{input(shape), neuron("a", "in", v_threshold)}};
  graph.nodes.insert(graph.nodes.end(), nodes.begin(), nodes.end());
  const std::string last = graph.nodes.back().name;
  graph.nodes.push_back(plain("flat", "Flatten", {last}));
  graph.nodes.push_back(plain("out", "Output", {"flat"}));
  return graph;
}

Graph fixed(Graph graph) {
  quantize(graph, converter_schemas(), "net");
  return graph;
}

Floats values(const Graph& graph, const std::string& node, const std::string& tensor) {
  return graph.find(node)->tensors.at(tensor).as(ValueType::float32).value().reals();
}

std::vector<std::string> refusals(Graph graph) {
  const Graph before = graph;
  std::vector<std::string> faults;
  try {
    quantize(graph, converter_schemas(), "net");
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net");
    for (const Fault& fault : error.faults()) faults.push_back(fault.where + ": " + fault.what);
  }
  EXPECT_EQ(graph, before);
  return faults;
}

TEST(Quantize, GivesTheImageTheFinestStepThatFits) {
  const auto bits = [](const Floats& mean, const Floats& std) {
    return fixed({{input({2}, mean, std), linear("l", "in", 1, {1, 1}), plain("out", "Output", {"l"})}})
        .find("in")
        ->integer("fraction_bits", -1);
  };
  EXPECT_EQ(bits({}, {}), 14);
  EXPECT_EQ(bits({0.5F}, {0.5F}), 14);            // within 1: 16384
  EXPECT_EQ(bits({0.5F}, {0.25F}), 13);           // within 2: 2 * 2^14 is one too many
  EXPECT_EQ(bits({0, 0}, {0.5F, 0.01F}), 8);      // within 100: 25600
  EXPECT_EQ(bits({0.5F, 30}, {0.5F, 1.0F}), 10);  // within 30: 30720
}

TEST(Quantize, GivesEachChannelItsOwnUnit) {
  // Spikes of height 0.5 and 2 make {0.5, 1} and {-1.5, 0.25} of the weights. Channel 0: 1 / 127 for 127
  // would make the threshold 127, so it is 126 and a unit 1 / 126. Channel 1: 3 / (1.5 / 127) = 254 as it is.
  const Graph graph = fixed(
      behind_spikes({2, 1, 1}, {0.5F, 2},
                    {conv("c", "a", 2, {1, 0.5F, -3, 0.125F}, {0.1F, -0.2F}), neuron("b", "c", {1, 3})}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{63, 126, -127, 21}));
  EXPECT_EQ(values(graph, "c", "bias"), (Floats{13, -17}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{126, 254}));
  EXPECT_EQ(values(graph, "b", "v_init"), (Floats{63, 127}));
  EXPECT_FALSE(graph.find("c")->attributes.contains("shift"));
  EXPECT_EQ(values(graph, "out", "unit"), (Floats{1, 3}));  // the heights of b's spikes
}

TEST(Quantize, WritesOneNumberWhereAllChannelsHaveTheSame) {
  const Graph same =
      fixed(behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 2, {1, -1}), neuron("b", "c", {2})}));
  EXPECT_EQ(values(same, "b", "v_threshold"), (Floats{254}));
  const Graph split =
      fixed(behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 2, {1, 0.25F}), neuron("b", "c", {2})}));
  EXPECT_EQ(values(split, "b", "v_threshold"), (Floats{254, 1016}));
  EXPECT_EQ(values(split, "c", "weight"), (Floats{127, 127}));
}

TEST(Quantize, ShiftsWhatASynapseMakesOfTheImage) {
  // 127 * 32767 + 0.5 * 127 * 2^14 = 5201793 is within 2^20 when it is shifted by 3.
  const Graph graph = fixed({{input({1, 1, 1}), conv("c", "in", 1, {1}, {0.5F}), neuron("b", "c", {1}),
                              plain("flat", "Flatten", {"b"}), plain("out", "Output", {"flat"})}});
  EXPECT_EQ(graph.find("c")->integer("shift", 0), 3);
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127}));
  EXPECT_EQ(values(graph, "c", "bias"), (Floats{1040384}));        // 0.5 * 2^14 * 127
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{260096}));  // 2^14 * 127 / 2^3
  EXPECT_EQ(values(graph, "b", "v_init"), (Floats{130048}));
}

TEST(Quantize, KeepsBiasesBesideShiftsWithinFloat32) {
  // 2^24 = 16 * 2^5 / unit; 2^24 + 64 * 32767 is within 2^20 when it is shifted by 5.
  Node biased = linear("l", "in", 1, {1});
  biased.tensors["bias"] = per_channel({16});
  const Graph graph = fixed({{input({1}), biased, plain("out", "Output", {"l"})}});
  EXPECT_EQ(values(graph, "l", "bias"), (Floats{1 << 24}));
  EXPECT_EQ(values(graph, "l", "weight"), (Floats{64}));
  EXPECT_EQ(graph.find("l")->integer("shift", 0), 5);
  EXPECT_EQ(values(graph, "out", "unit"), (Floats{1.0F / (1 << 15)}));
}

TEST(Quantize, KeepsSumsOverAWholeImageWithinInt32) {
  // 784 weights of 127 times 32767 would be 3.3e9.
  const Graph graph =
      fixed({{input({784}), linear("l", "in", 1, Floats(784, 1)), plain("out", "Output", {"l"})}});
  EXPECT_THAT(values(graph, "l", "weight"), Each(AllOf(testing::Le(83), testing::Ge(81))));
}

TEST(Quantize, ScalesTheIdentityOfAResidualJoin) {
  // 0.5 / 127 is the unit, 2 * 127 of it the threshold and the height of the spikes that join.
  const Graph graph = fixed(behind_spikes(
      {1, 1, 1}, {1}, {conv("c", "a", 1, {0.5F}), plain("add", "Add", {"c", "a"}), neuron("b", "add", {1})}));
  EXPECT_THAT(graph.find("add")->inputs, ElementsAre("c", "add.a"));
  EXPECT_THAT(graph.find("add.a")->inputs, ElementsAre("a"));
  EXPECT_EQ(values(graph, "add.a", "scale"), (Floats{254}));
  EXPECT_EQ(values(graph, "add.a", "shift"), (Floats{0}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{254}));
}

TEST(Quantize, ReadsASpikeTrainThatIsAddedToItselfOnce) {
  const Graph graph =
      fixed(behind_spikes({1, 1, 1}, {1}, {plain("add", "Add", {"a", "a"}), neuron("b", "add", {1})}));
  EXPECT_THAT(graph.find("add")->inputs, ElementsAre("add.a", "add.a"));
  EXPECT_EQ(values(graph, "add.a", "scale"), values(graph, "b", "v_threshold"));
}

TEST(Quantize, GivesSynapsesThatAreAddedOneUnit) {
  const Graph graph = fixed(behind_spikes({1, 1, 1}, {1},
                                          {conv("c", "a", 2, {1, 0.01F}), conv("d", "a", 2, {0.25F, -0.5F}),
                                           plain("add", "Add", {"c", "d"}), neuron("b", "add", {2})}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127, 3}));    // 0.01 * 254 = 2.54
  EXPECT_EQ(values(graph, "d", "weight"), (Floats{32, -127}));  // 0.25 * 127 = 31.75
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{254, 508}));
}

TEST(Quantize, DividesTheUnitBehindAnAveragePoolOfSpikes) {
  // A spike counts 0.8 / 4.
  const Graph graph =
      fixed({{input({1, 2, 2}), neuron("a", "in", {0.8F}), pool("p", "a", 2), plain("f", "Flatten", {"p"}),
              linear("l", "f", 2, {1, -0.5F}), plain("out", "Output", {"l"})}});
  EXPECT_EQ(values(graph, "l", "weight"), (Floats{127, -127}));
  EXPECT_THAT(values(graph, "out", "unit"),
              ElementsAre(testing::FloatEq(0.2F / 127), testing::FloatEq(0.1F / 127)));
}

TEST(Quantize, DividesInsideACurrentToo) {
  const Graph graph = fixed(
      behind_spikes({1, 2, 2}, {1}, {conv("c", "a", 1, {1}), pool("p", "c", 2), neuron("b", "p", {1})}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127}));  // in units of 4 / 508
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{508}));
}

TEST(Quantize, CountsPaddingWhereThePoolDoes) {
  Node padded = pool("p", "a", 2);
  padded.attributes["padding"] = Ints{1, 1, 1, 1};
  padded.attributes["count_include_pad"] = std::int64_t{1};
  const Graph graph = fixed(behind_spikes({1, 2, 2}, {1}, {padded}));
  EXPECT_EQ(values(graph, "out", "unit"), (Floats{0.25F}));
  padded.attributes["count_include_pad"] = std::int64_t{0};
  EXPECT_EQ(values(fixed(behind_spikes({1, 2, 2}, {1}, {padded})), "out", "unit"), (Floats{1}));
}

TEST(Quantize, FlattensUnitsInTheOrderOfChannels) {
  const Graph graph = fixed({{input({2, 1, 2}), neuron("a", "in", {1, 2}), plain("f", "Flatten", {"a"}),
                              linear("l", "f", 1, {1, 1, 1, 0.5F}), plain("out", "Output", {"l"})}});
  EXPECT_EQ(values(graph, "l", "weight"), (Floats{64, 64, 127, 64}));  // 63.5 away from zero
}

TEST(Quantize, ReadsTheChannelsOfItsGroup) {
  Node depthwise = conv("c", "a", 2, {1, 1});
  depthwise.attributes["groups"] = std::int64_t{2};
  const Graph graph = fixed(behind_spikes({2, 1, 1}, {1, 2}, {depthwise, neuron("b", "c", {2})}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127, 126}));  // 2 / 127 would make an odd threshold
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{254, 126}));
}

TEST(Quantize, PadsShortcutsWithZeros) {
  // The option A of residual networks: every other pixel, and channels of zeros on both sides.
  Node slice = plain("slice", "Slice", {"a"});
  slice.attributes = {{"start", Ints{0, 0, 0}}, {"stop", Ints{2, 2, 2}}, {"step", Ints{1, 2, 2}}};
  Node pad = plain("pad", "Pad", {"slice"});
  pad.attributes = {{"before", Ints{1, 0, 0}}, {"after", Ints{1, 0, 0}}};
  Node strided = conv("c", "a", 4, {0, 1, 1, 0, 1, 0, 1, 0});
  strided.attributes["stride"] = Ints{2, 2};
  const Graph graph =
      fixed(behind_spikes({2, 2, 2}, {1, 0.5F},
                          {slice, pad, strided, plain("add", "Add", {"c", "pad"}), neuron("b", "add", {2})}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{508, 254, 254, 254}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{0, 127, 127, 0, 127, 0, 127, 0}));
  EXPECT_EQ(values(graph, "add.pad", "scale"), (Floats{0, 127, 64, 0}));  // 63.5 away from zero
}

TEST(Quantize, BoundsTheThresholdsOfDeadChannels) {
  const Graph graph = fixed(
      behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 2, {0, 1e-9F}, {0.25F, 0}), neuron("b", "c", {1})}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{1 << 20}));
  EXPECT_EQ(values(graph, "c", "bias"), (Floats{1 << 18, 0}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{0, 0}));
  const Graph zeros = fixed({{input({1}), linear("l", "in", 2, {0, 0}), plain("out", "Output", {"l"})}});
  EXPECT_THAT(values(zeros, "out", "unit"), Each(testing::Gt(0)));
}

TEST(Quantize, RoundsThresholdsBesideLargeWeightsUp) {
  // 1.27 units of 1 / 127: an even number, and no spike before the first input.
  const Graph graph =
      fixed(behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 1, {1}), neuron("b", "c", {0.01F})}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{2}));
  EXPECT_EQ(values(graph, "b", "v_init"), (Floats{1}));
}

TEST(Quantize, MakesTheSmallestThresholdOfACurrentExact) {
  Graph graph = behind_spikes({1, 1, 1}, {1},
                              {conv("c", "a", 1, {0.5F}), neuron("b", "c", {3.01F}), neuron("d", "c", {0.9F}),
                               plain("add", "Add", {"b", "d"})});
  graph = fixed(graph);
  // 0.9 / (0.5 / 127) is 228.6, so the unit is 0.9 / 228.
  EXPECT_EQ(values(graph, "d", "v_threshold"), (Floats{228}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{763}));  // 762.5
  EXPECT_EQ(values(graph, "b", "v_init"), (Floats{381}));
}

TEST(Quantize, RoundsTheResetPotentialInOneUnit) {
  IfParameters parameters;
  parameters.v_threshold = scalar_tensor(2);
  parameters.reset = Reset::zero;
  parameters.v_reset = 0.25F;
  const Graph graph =
      fixed(behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 2, {1, 0.5F}), parameters.node("b", "c")}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{254}));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127, 64}));
  EXPECT_EQ(graph.find("b")->real("v_reset", -1), 32);  // 31.75
}

TEST(Quantize, NarrowsCurrentsThatSynapsesRead) {
  // 300 * 127 is beyond int16, half of it is not; 127 times that is within 2^20 when shifted by 2.
  const Graph graph = fixed({{input({300}), neuron("a", "in", {1}), linear("l", "a", 1, Floats(300, 1)),
                              linear("m", "l", 1, {1}), plain("out", "Output", {"m"})}});
  EXPECT_EQ(graph.find("l")->integer("shift", 0), 1);
  EXPECT_THAT(values(graph, "l", "weight"), Each(127));
  EXPECT_EQ(graph.find("m")->integer("shift", 0), 2);
  EXPECT_EQ(values(graph, "m", "weight"), (Floats{127}));
  EXPECT_THAT(values(graph, "out", "unit"), ElementsAre(testing::FloatEq(2.0F / 127 * 4 / 127)));
}

TEST(Quantize, ScalesACurrentThatNoLayerTakesIn) {
  // Half of 300 * 126 is within int16; 18900 / 63 = 300 of them make 2^22 units of at most 1 / 13981.
  Graph graph{{input({300}), neuron("a", "in", {1}), linear("l", "a", 1, Floats(300, 1)),
               neuron("m", "l", {2}), affine("s", "l", {1}, {0}), neuron("n", "s", {1}),
               plain("add", "Add", {"m", "n"}), plain("out", "Output", {"add"})}};
  graph = fixed(graph);
  EXPECT_EQ(graph.find("l")->integer("shift", 0), 1);
  EXPECT_THAT(values(graph, "l", "weight"), Each(126));
  EXPECT_EQ(values(graph, "m", "v_threshold"), (Floats{126}));
  EXPECT_EQ(values(graph, "n", "v_threshold"), (Floats{13980}));
  EXPECT_EQ(values(graph, "s", "scale"), (Floats{222}));  // 13980 / 63
}

TEST(Quantize, ConvertsSpikesThatANeuronOrAConcatReads) {
  const Graph graph =
      fixed(behind_spikes({1, 2, 2}, {0.5F},
                          {pool("p", "a", 2), neuron("n", "p", {0.25F}), conv("c", "n", 1, {1}),
                           plain("cat", "Concat", {"c", "n"}), neuron("b", "cat", {0.5F})}));
  // An Affine makes 2^20 units at most: of four spikes that are 0.125 each.
  EXPECT_THAT(graph.find("n")->inputs, ElementsAre("n.p"));
  EXPECT_EQ(values(graph, "n.p", "scale"), (Floats{1 << 18}));
  EXPECT_EQ(values(graph, "n", "v_threshold"), (Floats{1 << 19}));
  EXPECT_THAT(graph.find("cat")->inputs, ElementsAre("c", "cat.n"));
  EXPECT_EQ(values(graph, "c", "weight"), (Floats{127}));
  EXPECT_EQ(values(graph, "cat.n", "scale"), (Floats{1 << 19}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{254, 1 << 20}));
}

TEST(Quantize, FoldsAScaledImageIntoItsNormalisation) {
  const Graph graph = fixed({{input({1, 1, 1}), affine("s", "in", {2}, {-1}), conv("c", "s", 1, {1}),
                              plain("flat", "Flatten", {"c"}), plain("out", "Output", {"flat"})}});
  EXPECT_EQ(graph.find("s"), nullptr);
  EXPECT_EQ(values(graph, "in", "mean"), (Floats{0.5F}));
  EXPECT_EQ(values(graph, "in", "std"), (Floats{0.5F}));
}

TEST(Quantize, RoundsAnAffineBetweenNeurons) {
  const Graph graph =
      fixed(behind_spikes({1, 1, 1}, {1}, {affine("s", "a", {-0.5F}, {0.5F}), neuron("b", "s", {0.25F})}));
  EXPECT_EQ(values(graph, "s", "scale"), (Floats{-(1 << 19)}));  // their sum is 2^20 at most
  EXPECT_EQ(values(graph, "s", "shift"), (Floats{1 << 19}));
  EXPECT_EQ(values(graph, "b", "v_threshold"), (Floats{1 << 18}));
}

TEST(Quantize, NamesAllThatHasNoIntegers) {
  Node uneven = pool("uneven", "relu", 3);
  uneven.attributes["padding"] = Ints{1, 1, 1, 1};
  Graph graph = behind_spikes({1, 5, 5}, {1},
                              {pool("p", "a", 1), plain("cat", "Concat", {"a", "p"}),
                               conv("c", "cat", 1, {1, 1}), ReluParameters{}.node("relu", "c"), uneven,
                               QcfsParameters{scalar_tensor(1), 4}.node("qcfs", "uneven")});
  EXPECT_THAT(refusals(graph), testing::UnorderedElementsAre(
                                   HasSubstr("relu: ReLU has no fixed arithmetic"),
                                   HasSubstr("qcfs: QCFS has no fixed arithmetic"),
                                   HasSubstr("uneven: an average pool whose windows cover different areas"),
                                   HasSubstr("cat: joins spikes, counts or pixels")));
}

TEST(Quantize, NamesCurrentsWithoutAUnit) {
  EXPECT_THAT(
      refusals(behind_spikes(
          {1, 1, 1}, {1}, {conv("c", "a", 1, {1}), conv("d", "c", 1, {1}), plain("add", "Add", {"c", "d"})})),
      ElementsAre(HasSubstr("d: its outcome is joined with its input")));
  Node overlapping = pool("p", "c", 3);
  overlapping.attributes["stride"] = Ints{1, 1};
  overlapping.attributes["padding"] = Ints{1, 1, 1, 1};
  overlapping.attributes["count_include_pad"] = std::int64_t{1};
  EXPECT_THAT(refusals(behind_spikes({1, 4, 4}, {1},
                                     {conv("c", "a", 1, {1}), overlapping, plain("add", "Add", {"c", "p"})})),
              ElementsAre(HasSubstr("add: brings together a current and an average of it")));
  EXPECT_THAT(
      refusals(behind_spikes({1, 1, 1}, {1},
                             {conv("c", "a", 1, {1}), affine("s", "c", {2}, {0}), conv("d", "s", 1, {1})})),
      ElementsAre(HasSubstr("s: scales the image or a current")));
}

TEST(Quantize, NamesPixelsBeyondInt16) {
  Graph graph{{input({1}, {0}, {1e-6F}), linear("l", "in", 1, {1}), plain("out", "Output", {"l"})}};
  EXPECT_THAT(refusals(graph), ElementsAre(HasSubstr("in: normalised pixels leave +-32767")));
  graph = {{input({1, 2, 2}), pool("p", "in", 2), conv("c", "p", 1, {1}), plain("flat", "Flatten", {"c"}),
            plain("out", "Output", {"flat"})}};
  EXPECT_THAT(refusals(graph), ElementsAre(HasSubstr("c: reads sums up to 131068 from 'p'")));
}

TEST(Quantize, RefusesAGraphThatIsFixed) {
  const Graph graph = fixed(behind_spikes({1, 1, 1}, {1}, {conv("c", "a", 1, {1}), neuron("b", "c", {1})}));
  EXPECT_THAT(refusals(graph), ElementsAre(HasSubstr("fixed arithmetic already")));
}

}  // namespace
}  // namespace rheobase::test

// What the graph passes turn a network into.
#include "converters/passes.h"
#include "converters/passes/max_pools.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Node input(const Shape& shape) {
  Node node{"in", "Input", {}, {}, {}};
  node.attributes["shape"] = shape;
  return node;
}

Node conv(const std::string& name, const std::string& from, Tensor weight, Tensor bias = {}) {
  Node node{name, "Conv2d", {from}, {}, {}};
  node.tensors["weight"] = std::move(weight);
  if (!bias.reals().empty()) node.tensors["bias"] = std::move(bias);
  return node;
}

Node affine(const std::string& name, const std::string& from, const Floats& scale, const Floats& shift) {
  Node node{name, "Affine", {from}, {}, {}};
  node.tensors["scale"] = {{static_cast<std::int64_t>(scale.size())}, scale};
  node.tensors["shift"] = {{static_cast<std::int64_t>(shift.size())}, shift};
  return node;
}

Node plain(const std::string& name, const std::string& op, const Names& from) {
  return {name, op, from, {}, {}};
}

const Tensor one_weight{{1, 1, 1, 1}, {3}};

std::string folded(Graph graph) {
  shapes_of(graph);
  fold_affine(graph, converter_schemas());
  shapes_of(graph);
  return dump(graph);
}

TEST(FoldAffine, ScalesAConvolutionAndItsBias) {
  EXPECT_EQ(folded({{input({1, 2, 2}), conv("c", "in", one_weight, {{1}, {5}}), affine("a", "c", {2}, {1}),
                     plain("f", "Flatten", {"a"}), plain("out", "Output", {"f"})}}),
            "in = Input() {shape=(1,2,2)}\n"
            "c = Conv2d(in) [bias=11 weight=6]\n"
            "f = Flatten(c)\n"
            "out = Output(f)\n");
}

TEST(FoldAffine, GivesALayerABiasThatHadNone) {
  Node linear = plain("l", "Linear", {"in"});
  linear.tensors["weight"] = {{1, 1}, {3}};
  EXPECT_EQ(folded({{input({1}), linear, affine("a", "l", {2}, {1}), plain("out", "Output", {"a"})}}),
            "in = Input() {shape=(1)}\nl = Linear(in) [bias=1 weight=6]\nout = Output(l)\n");
}

TEST(FoldAffine, JoinsARunOfAffinesFirst) {
  // Listed against the order of the data, as a graph may be.
  EXPECT_EQ(folded({{plain("out", "Output", {"f"}), plain("f", "Flatten", {"b"}), affine("b", "a", {10}, {1}),
                     affine("a", "c", {2}, {1}), conv("c", "in", one_weight), input({1, 1, 1})}}),
            "in = Input() {shape=(1,1,1)}\n"
            "c = Conv2d(in) [bias=11 weight=60]\n"
            "f = Flatten(c)\n"
            "out = Output(f)\n");
}

TEST(FoldAffine, JoinsAffinesThatNoLayerPrecedes) {
  EXPECT_EQ(folded({{input({1}), affine("a", "in", {2}, {1}), affine("b", "a", {10}, {1}),
                     plain("out", "Output", {"b"})}}),
            "in = Input() {shape=(1)}\na = Affine(in) [scale=20 shift=11]\nout = Output(a)\n");
}

TEST(FoldAffine, LeavesALayerThatOthersReadAsItIs) {
  const std::string text = folded({{input({1}), affine("a", "in", {2}, {1}), affine("b", "a", {10}, {1}),
                                    plain("s", "Add", {"a", "b"}), plain("out", "Output", {"s"})}});
  EXPECT_EQ(text,
            "in = Input() {shape=(1)}\n"
            "a = Affine(in) [scale=2 shift=1]\n"
            "b = Affine(a) [scale=10 shift=1]\n"
            "s = Add(a, b)\n"
            "out = Output(s)\n");
}

TEST(FoldAffine, LeavesAScaleBeforeAPaddedConvolution) {
  const std::string text = folded({{input({1, 1, 1}), affine("a", "in", {2}, {1}), conv("c", "a", one_weight),
                                    plain("f", "Flatten", {"c"}), plain("out", "Output", {"f"})}});
  EXPECT_THAT(text, HasSubstr("a = Affine(in)"));
}

TEST(FoldAffine, FoldsGroupedConvolutionsChannelByChannel) {
  Node depthwise = conv("c", "in", {{2, 1, 1, 1}, {3, 5}}, {{2}, {1, 1}});
  depthwise.attributes["groups"] = std::int64_t{2};
  Graph graph{{input({2, 1, 1}), depthwise, affine("a", "c", {2, 10}, {1}), plain("f", "Flatten", {"a"}),
               plain("out", "Output", {"f"})}};
  fold_affine(graph, converter_schemas());
  EXPECT_EQ(only(graph, "Conv2d").tensor("weight")->reals(), (Floats{6, 50}));
  EXPECT_EQ(only(graph, "Conv2d").tensor("bias")->reals(), (Floats{3, 11}));
}

TEST(FoldAffine, RoundsEachWeightOnce) {
  const float weight = 0.1F, scale = 0.3F, shift = 0.7F, bias = 0.9F;
  Graph graph{{input({1, 1, 1}), conv("c", "in", {{1, 1, 1, 1}, {weight}}, {{1}, {bias}}),
               affine("a", "c", {scale}, {shift}), affine("b", "a", {scale}, {shift}),
               plain("f", "Flatten", {"b"}), plain("out", "Output", {"f"})}};
  fold_affine(graph, converter_schemas());
  const double s = static_cast<double>(scale) * scale;
  const double t = static_cast<double>(shift) * scale + shift;
  EXPECT_EQ(only(graph, "Conv2d").tensor("weight")->reals()[0], static_cast<float>(s * weight));
  EXPECT_EQ(only(graph, "Conv2d").tensor("bias")->reals()[0], static_cast<float>(s * bias + t));
}

TEST(FoldAffine, MakesBatchNormalizationExact) {
  OnnxModel model({-1, 1, 1, 1});
  const float gamma = 1.3F, beta = -0.2F, mean = 0.45F, variance = 0.037F, weight = 0.77F;
  model.reals("w", {1, 1, 1, 1}, {weight}).reals("g", {1}, {gamma}).reals("b", {1}, {beta});
  model.reals("m", {1}, {mean}).reals("v", {1}, {variance});
  model.node("Conv", {"x", "w"}, "c");
  model.node("BatchNormalization", {"c", "g", "b", "m", "v"}, "n").with("epsilon", 1e-5);
  model.node("Flatten", {"n"}, "y");
  Graph graph = model.import();
  fold_affine(graph, converter_schemas());
  EXPECT_EQ(ops_of(graph), "Input Conv2d Flatten Output");
  const auto scale = static_cast<float>(gamma / std::sqrt(static_cast<double>(variance) + 1e-5F));
  EXPECT_EQ(only(graph, "Conv2d").tensor("weight")->reals()[0],
            static_cast<float>(static_cast<double>(scale) * weight));
}

Graph with_neuron(Node neuron) {
  return {{input({2, 4, 4}), std::move(neuron), plain("f", "Flatten", {"n"}), plain("out", "Output", {"f"})}};
}

TEST(ConvertToSnn, TurnsQcfsIntoIntegrateAndFireHalfCharged) {
  Graph graph = with_neuron(QcfsParameters{{{2}, {0.5F, 3}}, 4}.node("n", "in"));
  convert_to_snn(graph, converter_schemas(), "net.onnx");
  shapes_of(graph);
  EXPECT_EQ(ops_of(graph), "Input IF Flatten Output");
  const Node& neuron = only(graph, "IF");
  EXPECT_EQ(neuron.name, "n");
  EXPECT_EQ(neuron.word("reset", ""), "subtract");
  EXPECT_EQ(neuron.tensor("v_threshold")->reals(), (Floats{0.5F, 3}));
  EXPECT_EQ(neuron.tensor("v_init")->reals(), (Floats{0.25F, 1.5F}));
}

TEST(ConvertToSnn, KeepsAveragePools) {
  Node pool = plain("n", "AvgPool2d", {"in"});
  pool.attributes["kernel"] = Ints{2, 2};
  Graph graph = with_neuron(pool);
  const Graph before = graph;
  convert_to_snn(graph, converter_schemas(), "net.onnx");
  EXPECT_EQ(graph, before);
}

std::vector<std::string> faults_of_conversion(const Graph& graph, const SpikingOptions& options = {}) {
  Graph converted = graph;
  std::vector<std::string> faults;
  try {
    convert_to_snn(converted, converter_schemas(), "net.onnx", options);
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.onnx");
    for (const Fault& fault : error.faults()) faults.push_back(fault.where + ": " + fault.what);
  }
  EXPECT_EQ(converted == graph, !faults.empty());
  return faults;
}

TEST(ConvertToSnn, NamesEveryNodeWithoutACounterpartAndTheWayOut) {
  const Graph relus{{input({2, 4, 4}), ReluParameters{}.node("r", "in"), ReluParameters{6.0F}.node("n", "r"),
                     plain("f", "Flatten", {"n"}), plain("out", "Output", {"f"})}};
  EXPECT_THAT(faults_of_conversion(relus),
              ElementsAre(testing::AllOf(HasSubstr("r: "), HasSubstr("--data")), HasSubstr("n: ")));
  const Graph signs{{input({2, 4, 4}), SignParameters{}.node("s", "in"), plain("f", "Flatten", {"s"}),
                     plain("out", "Output", {"f"})}};
  EXPECT_THAT(faults_of_conversion(signs),
              ElementsAre(testing::AllOf(HasSubstr("s: "), HasSubstr("train with QCFS"))));
}

TEST(ConvertToSnn, RefusesThresholdsThatAreNone) {
  const Graph graph = with_neuron(ReluParameters{}.node("n", "in"));
  EXPECT_TRUE(faults_of_conversion(graph, {.thresholds = {{"n", {1.0F, 0.5F}}}}).empty());
  for (const float bad :
       {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    EXPECT_THAT(faults_of_conversion(graph, {.thresholds = {{"n", {1.0F, bad}}}}),
                ElementsAre(HasSubstr("expected more than 0")))
        << bad;
}

TEST(ConvertToSnn, GivesReluNeuronsOfTheMethodWithTheThresholdsFound) {
  const Graph relu = with_neuron(ReluParameters{}.node("n", "in"));
  const Graph capped = with_neuron(ReluParameters{6.0F}.node("n", "in"));
  const auto converted = [&](Graph graph, SpikingMethod method) {
    convert_to_snn(graph, converter_schemas(), "net.onnx", {method, 3, {{"n", {1.0F, 8.0F}}}});
    shapes_of(graph);
    return *graph.find("n");
  };
  const Node plain_if = converted(relu, SpikingMethod::integrate_and_fire);
  EXPECT_EQ(plain_if.op, "IF");
  EXPECT_EQ(plain_if.tensor("v_init")->reals(), (Floats{0.5F, 4}));
  EXPECT_EQ(converted(relu, SpikingMethod::signed_if).op, "SignedIF");
  const Node graded = converted(capped, SpikingMethod::multi_threshold);
  EXPECT_EQ(graded.op, "MTIF");
  EXPECT_EQ(graded.integer("levels", 0), 3);
  EXPECT_EQ(graded.tensor("v_threshold")->reals(), (Floats{1, 6}));  // no threshold is above the cap
  const Node running = converted(capped, SpikingMethod::sigma_delta);
  EXPECT_EQ(running.op, "SigmaDelta");
  EXPECT_EQ(running.tensor("cap")->reals(), (Floats{24, 4}));  // 6 in units of 1/4 and of 6/4
  EXPECT_EQ(converted(relu, SpikingMethod::sigma_delta).tensor("cap"), nullptr);
}

Node max_pool(const std::string& name, const std::string& from) {
  Node pool = plain(name, "MaxPool2d", {from});
  pool.attributes["kernel"] = Ints{2, 2};
  pool.attributes["stride"] = Ints{2, 2};
  return pool;
}

Node qcfs(const std::string& name, const std::string& from) {
  return QcfsParameters{scalar_tensor(0.5F), 4}.node(name, from);
}

// "op name <- inputs" of every node, sorted.
std::vector<std::string> wiring(const Graph& graph) {
  std::vector<std::string> lines;
  for (const Node& node : graph.nodes) {
    std::string line = node.op + " " + node.name + " <-";
    for (const std::string& input : node.inputs) line += " " + input;
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(MoveMaxPools, PutsAPoolInFrontOfTheActivationItAloneReads) {
  Graph graph{{input({2, 4, 4}), qcfs("n", "in"), max_pool("p", "n"), plain("f", "Flatten", {"p"}),
               plain("out", "Output", {"f"})}};
  move_max_pools(graph, converter_schemas());
  shapes_of(graph);
  EXPECT_THAT(wiring(graph), ElementsAre("Flatten f <- n", "Input in <-", "MaxPool2d p <- in",
                                         "Output out <- f", "QCFS n <- p"));
}

TEST(MoveMaxPools, LeavesAnActivationToItsOtherReaders) {
  Graph graph{{input({2, 4, 4}), qcfs("n", "in"), max_pool("p", "n"), plain("f", "Flatten", {"p"}),
               plain("g", "Flatten", {"n"}), plain("all", "Concat", {"f", "g"}),
               plain("out", "Output", {"all"})}};
  move_max_pools(graph, converter_schemas());
  shapes_of(graph);
  EXPECT_THAT(wiring(graph),
              ElementsAre("Concat all <- f g", "Flatten f <- p.n", "Flatten g <- n", "Input in <-",
                          "MaxPool2d p <- in", "Output out <- all", "QCFS n <- in", "QCFS p.n <- p"));
}

TEST(MoveMaxPools, GoesThroughPoolsAndConcatenations) {
  Graph graph{{input({2, 8, 8}), qcfs("a", "in"), max_pool("first", "in"), qcfs("b", "first"),
               max_pool("second", "a"), plain("c", "Concat", {"second", "b"}), max_pool("p", "c"),
               plain("f", "Flatten", {"p"}), plain("out", "Output", {"f"})}};
  move_max_pools(graph, converter_schemas());
  shapes_of(graph);
  EXPECT_THAT(wiring(graph),
              ElementsAre("Concat c <- a b", "Flatten f <- c", "Input in <-", "MaxPool2d first <- in",
                          "MaxPool2d p.a <- second", "MaxPool2d p.b <- first", "MaxPool2d second <- in",
                          "Output out <- f", "QCFS a <- p.a", "QCFS b <- p.b"));
}

TEST(MoveMaxPools, StaysBehindWhatIsNoActivation) {
  Node average = plain("n", "AvgPool2d", {"in"});
  average.attributes["kernel"] = Ints{2, 2};
  Graph graph{{input({2, 4, 4}), average, max_pool("p", "n"), plain("f", "Flatten", {"p"}),
               plain("out", "Output", {"f"})}};
  const Graph before = graph;
  move_max_pools(graph, converter_schemas());
  EXPECT_EQ(graph, before);
  convert_to_snn(graph, converter_schemas(), "net.onnx");
  EXPECT_EQ(graph.find("p")->op, "CumulativeMaxPool2d");
}

}  // namespace
}  // namespace rheobase::test

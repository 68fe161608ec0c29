#include "sim/graph/graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sim/graph/structural_ops.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto fault(const std::string& where, const std::string& what) {
  return AllOf(Field(&Fault::where, where), Field(&Fault::what, HasSubstr(what)));
}

Faults faults_of(const Graph& graph) { return validate(graph, full_registry().schemas()).faults; }

TEST(Graph, ASoundGraphHasNoFaultsAndKnowsItsShapes) {
  const Validation result = validate(testing::small_residual_snn(), full_registry().schemas());
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_EQ(result.shapes.at("output"), (Shape{5}));
  EXPECT_EQ(result.shapes.at("input"), (Shape{3, 9, 9}));
}

TEST(Graph, ValidationReportsEveryFaultAtOnce) {
  GraphBuilder b;
  const std::string image = b.input({3, 8, 8});
  const std::string bad = b.conv2d(image, {.outputs = 4, .inputs = 5});
  Node nan{"nan", "Conv2d", {image}, {}, {{"weight", b.tensor({2, 3, 1, 1})}}};
  nan.tensors["weight"].reals()[4] = std::numeric_limits<float>::quiet_NaN();
  b.add(nan);
  b.add({"odd", "Convolution", {image}, {}, {}});
  b.add({"bare", "Linear", {image}, {{"colour", std::int64_t{1}}}, {}});
  b.add({"bare", "Flatten", {"nothing"}, {}, {}});
  const Faults faults = faults_of(b.graph);
  EXPECT_THAT(faults, Contains(fault(bad, "does not fit an input of 3 channels")));
  EXPECT_THAT(faults, Contains(fault("nan", "has the value nan at index 4")));
  EXPECT_THAT(faults, Contains(fault("odd", "unknown op 'Convolution'")));
  EXPECT_THAT(faults, Contains(fault("bare", "has no attribute 'colour'")));
  EXPECT_THAT(faults, Contains(fault("bare", "tensor 'weight' is missing")));
  EXPECT_THAT(faults, Contains(fault("bare", "two nodes have this name")));
  EXPECT_THAT(faults, Contains(fault("bare", "unknown input 'nothing'")));
  EXPECT_THAT(faults, Contains(fault("Output", "this one has 0")));
  EXPECT_THAT(faults, Contains(fault("odd", "nothing uses this node")));
}

TEST(Graph, ASchemaSaysWhatAnOpDoes) {
  const SchemaSet schemas = full_registry().schemas();
  const std::map<std::string, Role> roles{{"Input", Role::input},
                                          {"Output", Role::readout},
                                          {"Conv2d", Role::synapse},
                                          {"Linear", Role::synapse},
                                          {"BinaryConv2d", Role::synapse},
                                          {"BinaryLinear", Role::synapse},
                                          {"Affine", Role::scaling},
                                          {"AvgPool2d", Role::pool},
                                          {"MaxPool2d", Role::pool},
                                          {"Concat", Role::carrier},
                                          {"Flatten", Role::carrier},
                                          {"Pad", Role::carrier},
                                          {"Slice", Role::carrier},
                                          {"Add", Role::join},
                                          {"IF", Role::neuron},
                                          {"LIF", Role::neuron},
                                          {"QCFS", Role::neuron},
                                          {"ReLU", Role::neuron},
                                          {"Sign", Role::neuron}};
  for (const auto& [op, role] : roles) EXPECT_EQ(schemas.find(op)->role, role) << op;
  EXPECT_TRUE(schemas.find("BinaryLinear")->binary);
  EXPECT_FALSE(schemas.find("Linear")->binary);
}

// Passes rely on it: validation makes sure of required tensors alone.
TEST(Graph, ASpikingNeuronHasAThresholdAndAHeight) {
  const SchemaSet schemas = full_registry().schemas();
  int spiking = 0;
  for (const std::string& name : schemas.names()) {
    const OpSchema& schema = *schemas.find(name);
    if (!schema.is_spiking()) continue;
    ++spiking;
    EXPECT_EQ(schema.role, Role::neuron) << name;
    const auto has = [&](const auto& test) {
      return std::any_of(schema.tensors.begin(), schema.tensors.end(),
                         [&](const TensorSpec& spec) { return spec.required && test(spec); });
    };
    EXPECT_TRUE(has([](const TensorSpec& spec) { return spec.potential == Potential::threshold; })) << name;
    EXPECT_TRUE(has([&](const TensorSpec& spec) { return spec.name == schema.spike_height; })) << name;
  }
  EXPECT_GE(spiking, 2);
}

TEST(Graph, KnowsItsEnds) {
  Graph graph = testing::small_residual_snn();
  EXPECT_EQ(graph.input().name, "input");
  EXPECT_EQ(graph.output().name, "output");
  EXPECT_THROW(Graph().output(), InternalError);
}

TEST(Graph, ACycleIsNamed) {
  GraphBuilder b;
  b.input({4});
  b.add({"a", "Add", {"input", "b"}, {}, {}});
  b.add({"b", "Add", {"input", "a"}, {}, {}});
  b.output("b");
  EXPECT_THAT(faults_of(b.graph), Contains(fault("a", "cycle")));
}

TEST(Graph, ShapesThatDoNotMeetAreNamed) {
  GraphBuilder b;
  const std::string image = b.input({3, 8, 8});
  const std::string small = b.conv2d(image, {.outputs = 3, .inputs = 3, .padding = {0, 0, 0, 0}});
  const std::string sum = b.op("Add", {image, small});
  b.output(b.op("Flatten", {sum}));
  EXPECT_THAT(faults_of(b.graph), ElementsAre(fault(sum, "cannot add 3x8x8 and 3x6x6")));
}

TEST(Graph, SignalsThatNoMachineHoldsAreNamed) {
  GraphBuilder b;
  constexpr std::int64_t far = std::int64_t{1} << 29;
  const std::string huge = b.conv2d(b.input({1, 28, 28}), {.padding = {far, far, far, far}});
  b.output(b.op("Flatten", {huge}));
  EXPECT_THAT(faults_of(b.graph), ElementsAre(fault(huge, "has more than 2^31 values")));
}

TEST(Graph, TwoNodesOfOneNameDoNotHideAnUnknownOp) {
  GraphBuilder b;
  b.input({4});
  b.add({"a", "Add", {"input", "input"}, {}, {}});
  b.add({"a", "Mystery", {"input"}, {}, {}});
  b.output("a");
  EXPECT_THAT(faults_of(b.graph), Contains(fault("a", "unknown op 'Mystery'")));
}

TEST(Graph, ParametersOutOfRangeAreNamed) {
  GraphBuilder b;
  const std::string vector = b.input({4});
  const std::string neuron = b.if_neuron(vector, -1.0F);
  b.output(neuron);
  EXPECT_THAT(faults_of(b.graph), ElementsAre(fault(neuron, "v_threshold is -1, expected more than 0")));
}

TEST(Graph, DumpIsTopologicalAndTellsWeightsApart) {
  GraphBuilder b;
  b.graph.nodes.push_back({"output", "Output", {"half"}, {}, {}});
  b.graph.nodes.push_back(
      {"half", "Affine", {"input"}, {}, {{"scale", scalar_tensor(0.5F)}, {"shift", scalar_tensor(0)}}});
  b.input({3});
  EXPECT_EQ(dump(b.graph),
            "input = Input() {shape=(3)}\n"
            "half = Affine(input) [scale=0.5 shift=0]\n"
            "output = Output(half)\n");
  const Graph one = testing::small_residual_snn(1);
  Graph other = one;
  EXPECT_EQ(dump(one), dump(other));
  for (Node& node : other.nodes) {
    if (node.tensors.contains("weight")) node.tensors.at("weight").reals()[0] += 1e-6F;
  }
  EXPECT_NE(dump(one), dump(other));
}

TEST(Window, OutputExtentsFollowPytorch) {
  Window w;
  w.kernel = {3, 3};
  w.stride = {2, 2};
  EXPECT_EQ(w.output_extent(0, 8), 3);
  w.padding = {1, 0, 0, 0};
  EXPECT_EQ(w.output_extent(0, 8), 4);
  EXPECT_EQ(w.output_extent(1, 8), 3);
  w.ceil_mode = true;
  EXPECT_EQ(w.output_extent(1, 8), 4);
  EXPECT_EQ(w.output_extent(1, 2), 0);
  // Without the last rule a window of this pool would start beyond the image and its padding.
  Window pool;
  pool.kernel = {1, 1};
  pool.stride = {3, 3};
  pool.padding = {0, 0, 0, 0};
  pool.ceil_mode = true;
  EXPECT_EQ(pool.output_extent(0, 4), 2);
  EXPECT_EQ(pool.output_extent(0, 3), 1);
}

TEST(Validate, AFixedGraphHoldsIntegersOnly) {
  GraphBuilder b;
  const std::string neuron = b.if_neuron(b.linear(b.input({4}), 4, 3), 1.0F);
  b.output(neuron);
  b.graph.nodes[0].attributes["fraction_bits"] = std::int64_t{15};
  Node& linear = b.graph.nodes[1];
  linear.tensors["weight"].reals().assign(12, 3.0F);
  linear.tensors["weight"].reals()[5] = 128.0F;
  linear.tensors["bias"].reals().assign(3, 0.5F);
  linear.attributes["shift"] = std::int64_t{31};
  b.graph.nodes[2].tensors["v_threshold"] = Tensor({1}, std::vector<std::int32_t>{2});
  b.graph.nodes[2].tensors["v_init"] = scalar_tensor(1.0F);
  b.graph.nodes[2].attributes["v_reset"] = 0.5;
  const Faults faults = validate(b.graph, full_registry().schemas()).faults;
  EXPECT_THAT(faults, Contains(fault("input", "'fraction_bits' is 15")));
  EXPECT_THAT(faults, Contains(fault("Linear1", "'weight' has the value 128 at index 5")));
  EXPECT_THAT(faults, Contains(fault("Linear1", "'bias' has the value 0.5")));
  EXPECT_THAT(faults, Contains(fault("Linear1", "'shift' is 31")));
  EXPECT_THAT(faults, Contains(fault("IF2", "'v_init' is held as float32, expected int32")));
  EXPECT_THAT(faults, Contains(fault("IF2", "'v_reset' is 0.5")));
  EXPECT_THAT(faults, Contains(fault("output", "'unit' is missing")));
  EXPECT_THAT(faults, SizeIs(7));
}

TEST(Validate, SettingsOfFixedArithmeticNeedAFixedGraph) {
  GraphBuilder b;
  b.output(b.linear(b.input({4}), 4, 3));
  b.graph.nodes[1].attributes["shift"] = std::int64_t{1};
  b.graph.nodes[2].tensors["unit"] = scalar_tensor(1.0F);
  EXPECT_THAT(validate(b.graph, full_registry().schemas()).faults, SizeIs(2));
}

}  // namespace
}  // namespace rheobase

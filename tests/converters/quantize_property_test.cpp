// Every integer that quantize() stores, times its unit, is within half a unit of the real parameter. The
// units are worked out here anew, from the thresholds and the Output of the fixed graph alone.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "converters/passes.h"
#include "neurons/schemas.h"
#include "sim/graph/structural_ops.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase::testing {
namespace {

SchemaSet schemas() {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  return schemas;
}

double at(const Tensor& tensor, std::size_t channel) {
  return tensor.of_channel(static_cast<std::int64_t>(channel));
}

// Thresholds of one number or one a channel, joins with and without a synapse on the shortcut, channels of
// weights a thousandth of the others', groups, pools before and behind neurons.
Graph random_snn(std::uint32_t seed) {
  GraphBuilder b(seed);
  std::mt19937 random(seed);
  const auto real = [&](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  };
  const auto neuron = [&](const std::string& from, std::size_t channels) {
    IfParameters parameters;
    parameters.v_threshold.reals().assign(random() % 2 == 0 ? 1 : channels, 0);
    parameters.v_threshold.shape = {static_cast<std::int64_t>(parameters.v_threshold.size())};
    for (float& v : parameters.v_threshold.reals()) v = real(0.3F, 2);
    parameters.v_init = parameters.v_threshold;
    for (float& v : parameters.v_init.reals()) v /= 2;
    return b.add(parameters.node("", from));
  };
  const auto conv = [&](const std::string& from, std::int64_t groups) {
    const std::string name =
        b.conv2d(from, {.outputs = 6, .inputs = 6, .groups = groups, .bias = random() % 2 == 0});
    auto& weights = b.graph.find(name)->tensors.at("weight").reals();
    for (std::size_t i = 0; i < weights.size() / 6; ++i) weights[i] /= 1000;  // of the first channel
    // Which a negative bias would keep from ever firing: weights that read it would be dropped.
    if (const auto bias = b.graph.find(name)->tensors.find("bias"); bias != b.graph.find(name)->tensors.end())
      bias->second.reals()[0] = std::abs(bias->second.reals()[0]);
    return name;
  };
  b.input({3, 8, 8});
  b.graph.nodes[0].tensors["mean"] = {{3}, {0.4F, 0.5F, 0.6F}};
  b.graph.nodes[0].tensors["std"] = {{3}, {real(0.2F, 1), real(0.2F, 1), 0.3F}};
  std::string last = neuron(b.conv2d("input", {.outputs = 6, .inputs = 3}), 6);
  for (int block = 0; block < 3; ++block) {
    const std::string inner = neuron(conv(last, random() % 2 == 0 ? 1 : 3), 6);
    const std::string shortcut = random() % 2 == 0 ? last : conv(last, 1);
    last = neuron(b.op("Add", {conv(inner, 1), shortcut}), 6);
  }
  const bool pool_first = random() % 2 == 0;
  last = pool_first ? neuron(b.avg_pool(conv(last, 1), 2), 6) : b.avg_pool(last, 2);
  b.output(b.linear(b.op("Flatten", {last}), 6 * 16, 5));
  return std::move(b.graph);
}

// The fixed graph, its real one, and the unit of a channel of any edge, asked of what reads or makes it.
class Units {
 public:
  Units(const Graph& real, const Graph& fixed)
      : real_(real), fixed_(fixed), shapes_(validate_or_throw(fixed, schemas(), "fixed")) {}

  double of(const std::string& name, std::size_t channel) const {
    const Node& node = *fixed_.find(name);
    if (node.op == "Input") return std::ldexp(1.0, -static_cast<int>(node.integer("fraction_bits", -1)));
    if (node.op == "IF") return at(real_.find(name)->tensors.at("v_threshold"), channel);
    if (node.op == "AvgPool2d") return of(node.inputs[0], channel) / 4;
    if (node.op == "Flatten") {
      const Shape& shape = shapes_.at(node.inputs[0]);
      return of(node.inputs[0], channel / (shape[1] * shape[2]));
    }
    return of_current(name, channel);
  }

  bool is_joined(const std::string& name) const {
    return std::any_of(fixed_.nodes.begin(), fixed_.nodes.end(), [&](const Node& node) {
      return node.op == "Add" && std::count(node.inputs.begin(), node.inputs.end(), name) > 0;
    });
  }

 private:
  double of_current(const std::string& name, std::size_t channel) const {
    for (const Node& reader : fixed_.nodes) {
      if (reader.inputs.empty() || !std::count(reader.inputs.begin(), reader.inputs.end(), name)) continue;
      if (reader.op == "Output") return at(reader.tensors.at("unit"), channel);
      if (reader.op == "Add") return of_current(reader.name, channel);
      if (reader.op == "AvgPool2d") return of_current(reader.name, channel) * 4;
      return at(real_.find(reader.name)->tensors.at("v_threshold"), channel) /
             at(reader.tensors.at("v_threshold"), channel);
    }
    throw InternalError("nothing reads " + name);
  }

  const Graph& real_;
  const Graph& fixed_;
  ShapeMap shapes_;
};

// Half a unit, and what the float32 numbers of the Output's unit leave open.
void expect_near(double integer, double exact, const std::string& where) {
  EXPECT_EQ(integer, std::trunc(integer)) << where;
  EXPECT_LE(std::abs(integer - exact), 0.5 + 1e-6 * std::abs(exact) + 1e-6) << where;
}

// Returns the largest weight.
double check_synapse(const Node& real, const Node& fixed, const Units& units) {
  const Tensor& weight = fixed.tensors.at("weight");
  const std::int64_t per_output = static_cast<std::int64_t>(weight.size()) / weight.shape[0];
  const std::int64_t taps = per_output / weight.shape[1];
  const std::int64_t group = weight.shape[0] / real.integer("groups", 1);
  double largest = 0;
  for (std::int64_t o = 0; o < weight.shape[0]; ++o) {
    const double scale =
        std::ldexp(1.0, static_cast<int>(fixed.integer("shift", 0))) / units.of(fixed.name, o);
    for (std::int64_t i = 0; i < per_output; ++i) {
      const double u = units.of(fixed.inputs[0], o / group * weight.shape[1] + i / taps);
      const std::size_t index = o * per_output + i;
      expect_near(weight.at(index), real.tensors.at("weight").reals()[index] * u * scale, fixed.name);
      largest = std::max(largest, std::abs(weight.at(index)));
    }
    if (const Tensor* bias = fixed.tensor("bias"))
      expect_near(bias->at(o), real.tensors.at("bias").reals()[o] * scale, fixed.name + " bias");
  }
  EXPECT_LE(largest, 127) << fixed.name;
  return largest;
}

void check(const Graph& real, const Graph& fixed) {
  const Units units(real, fixed);
  for (const Node& node : fixed.nodes) {
    const Node* const before = real.find(node.name);
    if (node.op == "Conv2d" || node.op == "Linear") {
      const double largest = check_synapse(*before, node, units);
      // Where another synapse of a join has the larger weights it decides alone.
      if (!units.is_joined(node.name)) {
        EXPECT_GE(largest, 110) << node.name << " wastes its 8 bits";
      }
    }
    if (node.op == "Affine") {
      for (std::size_t c = 0; c < 6; ++c) {
        expect_near(at(node.tensors.at("scale"), c), units.of(node.inputs[0], c) / units.of(node.name, c),
                    node.name);
        EXPECT_EQ(at(node.tensors.at("shift"), c), 0);
      }
    }
    if (node.op != "IF") continue;
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_EQ(std::fmod(at(node.tensors.at("v_threshold"), c), 2), 0) << node.name;
      EXPECT_EQ(at(node.tensors.at("v_init"), c) * 2, at(node.tensors.at("v_threshold"), c)) << node.name;
    }
  }
}

TEST(Quantize, RoundsEveryParameterToTheNearestInteger) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Graph real = random_snn(seed);
    Graph fixed = real;
    quantize(fixed, schemas(), "net");
    check(real, fixed);
  }
}

TEST(Quantize, IsTheSameEveryTime) {
  Graph once = random_snn(1);
  Graph again = once;
  quantize(once, schemas(), "net");
  quantize(again, schemas(), "net");
  EXPECT_EQ(once, again);
}

}  // namespace
}  // namespace rheobase::testing

#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase::testing {

// What the parity tests of every device in fixed arithmetic compare it with reference on.

using Ints = std::vector<std::int64_t>;
/// Adds nodes that read `from`; the last one's name.
using Build = std::function<std::string(GraphBuilder&, const std::string& from)>;

/// What a node reads.
enum class Source { image, spikes, counts };

/// A network in integers that is one node, behind what `source` says.
inline Graph graph_of(const Shape& input, Source source, std::uint32_t seed, const Build& build) {
  GraphBuilder b(seed);
  std::string from = b.input(input);
  if (source != Source::image) from = b.if_neuron(from, 4.0F);
  if (source == Source::counts) {
    from = b.add({"", "AvgPool2d", {from}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 0, 0, 1}}}, {}});
  }
  const std::string op = build(b, from);
  const Validation result = validate(b.graph, full_registry().schemas());
  const bool flat = result.shapes.at(op).size() == 1;
  b.output(flat ? op : b.op("Flatten", {op}));
  return with_integers(std::move(b.graph));
}

inline std::int64_t pick(std::mt19937& random, Ints choices) { return choices[random() % choices.size()]; }

/// Odd sizes on purpose: channels beside word and plane borders, windows that do not fit evenly.
inline GraphBuilder::Conv random_conv2d(std::mt19937& random) {
  GraphBuilder::Conv conv;
  conv.groups = pick(random, {1, 1, 1, 2, 3});
  conv.inputs = conv.groups * pick(random, {1, 3, 16, 17, 32, 65});
  conv.outputs = conv.groups * pick(random, {1, 5, 16, 32, 33, 64, 70});
  conv.kernel_h = pick(random, {1, 2, 3});
  conv.kernel_w = pick(random, {1, 3, 5});
  conv.stride = {pick(random, {1, 2, 3}), pick(random, {1, 2})};
  conv.dilation = {pick(random, {1, 1, 2}), pick(random, {1, 1, 2})};
  conv.padding = {pick(random, {0, 1, 2}), pick(random, {0, 1, 2}), pick(random, {0, 1}),
                  pick(random, {0, 2})};
  conv.bias = random() % 4 != 0;
  return conv;
}

/// A convolution joined by an identity and a shortcut.
inline std::string residual_join(GraphBuilder& b, const std::string& from) {
  const std::string conv = b.conv2d(from, {.outputs = 70, .inputs = 70});
  const std::string identity =
      b.add({"", "Affine", {from}, {}, {{"scale", b.tensor({70})}, {"shift", b.tensor({1})}}});
  const std::string other =
      b.conv2d(from, {.outputs = 70, .inputs = 70, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}});
  return b.if_neuron(b.op("Add", {identity, conv, other}), 1.5F);
}

/// Ops for inputs of 70 channels, by name.
inline std::map<std::string, Build> structural_ops() {
  const auto op = [](const char* name, std::map<std::string, Attribute> attributes) {
    return [=](GraphBuilder& b, const std::string& from) {
      return b.add({"", name, {from}, attributes, {}});
    };
  };
  return {
      {"Affine",
       [](GraphBuilder& b, const std::string& f) {
         return b.add({"", "Affine", {f}, {}, {{"scale", b.tensor({70})}, {"shift", b.tensor({70})}}});
       }},
      {"AvgPool2d", op("AvgPool2d", {{"kernel", Ints{3, 2}},
                                     {"stride", Ints{2, 2}},
                                     {"padding", Ints{1, 0, 1, 1}},
                                     {"ceil_mode", std::int64_t{1}}})},
      {"MaxPool2d",
       op("MaxPool2d", {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 1}}, {"dilation", Ints{1, 2}}})},
      {"Slice", op("Slice", {{"start", Ints{3, 1, 0}}, {"stop", Ints{69, 7, 6}}, {"step", Ints{1, 2, 3}}})},
      {"Pad", op("Pad", {{"before", Ints{5, 0, 1}}, {"after", Ints{60, 2, 0}}})},
      {"Flatten", op("Flatten", {})},
      {"Add",
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Add", {f, f, b.if_neuron(f, 3.0F)});
       }},
      {"Concat",
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Concat", {f, b.if_neuron(f, 3.0F), f});
       }},
      {"IF", [](GraphBuilder& b, const std::string& f) { return b.if_neuron(f, 2.0F); }},
      {"Output", [](GraphBuilder&, const std::string& f) { return f; }},
  };
}

}  // namespace rheobase::testing

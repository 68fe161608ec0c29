#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "converters/nir/export/file_writer.h"
#include "converters/nir/exporter.h"
#include "converters/nir/importer.h"
#include "neurons/lif.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

// Networks on their way into NIR files and back.

namespace rheobase::testing {

inline NirFileBytes exported(const Graph& graph, std::optional<double> dt = {}) {
  return nir_file_bytes(graph, full_registry().schemas(), {"net.h5", "1.2.3", dt});
}

inline Graph imported(const std::string& bytes, const std::string& dialect = "auto",
                      std::optional<double> dt = {}) {
  NirOptions options;
  options.dialect = dialect;
  options.dt = dt;
  Graph graph = import_nir_bytes(bytes, "net.nir", options).graph;
  validate_or_throw(graph, full_registry().schemas(), "net.nir");
  return graph;
}

inline std::string refusal(const Graph& graph) {
  try {
    exported(graph);
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.h5");
    return error.what();
  }
  return "was exported";
}

inline std::string refusal_to_read(const nir::NirGraph& file) {
  try {
    imported(nir::nir_bytes(file));
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.nir");
    return error.what();
  }
  return "was read";
}

inline nir::NirNode& node(nir::NirGraph& file, const std::string& name) {
  const auto found = std::find_if(file.nodes.begin(), file.nodes.end(),
                                  [&](const nir::NirNode& node) { return node.name == name; });
  if (found == file.nodes.end()) throw InternalError("no node " + name);
  return *found;
}

inline const std::vector<double>& reals(const nir::NirGraph& file, const char* node, const char* parameter) {
  return std::get<std::vector<double>>(file.find(node)->find(parameter)->values);
}

struct Answer {
  std::vector<float> logits;  // after every step
  std::uint64_t spike_hash = 0;
  bool operator==(const Answer&) const = default;
};

inline Answer answer(const Graph& graph, int steps) {
  EngineOptions options;
  options.device = DeviceKind::reference;
  options.threads = 1;
  options.hash = true;
  Engine engine(graph, full_registry(), options);
  engine.load(0, GraphBuilder(7).pixels(element_count(graph.input().integers("shape", {}))), 0);
  Answer result;
  for (int t = 0; t < steps; ++t) {
    engine.step();
    result.logits.insert(result.logits.end(), engine.logits(0).begin(), engine.logits(0).end());
  }
  result.spike_hash = engine.spike_hash(0);
  return result;
}

inline void expect_same_after_nir(const Graph& graph) {
  const Graph again = imported(exported(graph).bytes);
  EXPECT_EQ(dump(again), dump(graph));
  EXPECT_EQ(again, graph);
  EXPECT_EQ(answer(again, 6), answer(graph, 6));
}

inline Tensor of(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{size}, std::move(values)};
}

// {4} -> Linear -> the neuron -> Output.
inline Graph behind_linear(Node neuron, std::int64_t outputs = 3) {
  GraphBuilder b;
  neuron.name = "neuron";
  neuron.inputs = {b.linear(b.input({4}), 4, outputs)};
  b.output(b.add(std::move(neuron)));
  return std::move(b.graph);
}

inline LifParameters plain_lif() {
  LifParameters lif;
  lif.decay = scalar_tensor(0.5F);
  lif.height = scalar_tensor(1.0F);
  lif.reset = Reset::zero;
  return lif;
}

// {2, 4, 4} -> Conv2d -> neurons -> Conv2d of two groups -> neurons -> Flatten -> Linear.
inline Graph with_heights() {
  GraphBuilder b(21);
  LifParameters lif = plain_lif();
  lif.v_threshold = scalar_tensor(0.125F);
  lif.height = of({0.3F, 0.7F, 1.1F, 1.3F});
  const std::string image = b.input({2, 4, 4});
  const std::string first = b.add(lif.node("first", b.conv2d(image, {.outputs = 4, .inputs = 2})));
  lif.height = of({0.9F, 0.1F, 0.6F, 1.7F});
  const std::string second =
      b.add(lif.node("second", b.conv2d(first, {.outputs = 4, .inputs = 4, .groups = 2, .bias = false})));
  b.output(b.linear(b.op("Flatten", {second}), 64, 3));
  return std::move(b.graph);
}

}  // namespace rheobase::testing

#pragma once

#include <algorithm>
#include <cmath>

#include "neurons/general_lif.h"
#include "neurons/lif.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase::testing {

/// The same network with LIF in place of IF: at decay 1 and without a leak, the same neurons.
/// `change(parameters, channels)` makes others of them.
template <class Change>
Graph with_leaks(Graph graph, const Change& change) {
  const Validation validated = validate(graph, full_registry().schemas());
  for (Node& node : graph.nodes) {
    if (node.op != "IF") continue;
    const IfParameters from = IfParameters::of(node);
    LifParameters to;
    to.v_threshold = from.v_threshold;
    to.v_init = from.v_init;
    to.v_reset = scalar_tensor(from.v_reset);
    to.reset = from.reset;
    change(to, validated.shapes.at(node.name)[0]);
    node = to.node(node.name, node.inputs[0]);
  }
  return graph;
}

/// Decays from 0 to 1, most about 0.7; where the potential goes, starts and is reset to, by channel.
inline void leak_by_channel(GraphBuilder& random, LifParameters& parameters, std::int64_t channels) {
  parameters.decay = random.tensor({channels});
  for (float& decay : parameters.decay.reals()) decay = std::clamp(0.7F + decay, 0.0F, 1.0F);
  parameters.v_leak = random.tensor({channels});
  parameters.v_reset = random.tensor({channels});
  parameters.v_init = random.tensor({channels});
}

/// A GeneralLIF whose every parameter differs from channel to channel.
inline GeneralLifParameters general_lif(GraphBuilder& random, std::int64_t channels, Reset reset,
                                        bool delayed, bool bounded) {
  LifParameters leak;
  leak_by_channel(random, leak, channels);
  GeneralLifParameters p;
  p.decay = leak.decay;
  p.v_leak = leak.v_leak;
  p.v_reset = leak.v_reset;
  p.v_init = leak.v_init;
  p.v_threshold = random.tensor({channels});
  for (float& v : p.v_threshold.reals()) v = std::abs(v) + 0.1F;
  p.v_drop = random.tensor({channels});
  for (float& v : p.v_drop->reals()) v = std::abs(v);
  if (bounded) {
    p.v_min = random.tensor({channels});
    for (float& v : p.v_min->reals()) v = -std::abs(v);
  }
  p.height = scalar_tensor(0.75F);
  p.reset = reset;
  p.reset_delay = delayed;
  return p;
}

}  // namespace rheobase::testing

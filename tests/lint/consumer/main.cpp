// Rheobase embedded: one integrate-and-fire neuron with threshold 1 under a constant current of 0.4 fires
// twice in five steps.
#include <cstdio>

#include "neurons/if.h"
#include "neurons/register.h"
#include "sim/engine/engine.h"

int main() {
  using namespace rheobase;
  Registry registry;
  register_structural_ops(registry);
  register_neurons(registry);

  Graph graph;
  graph.nodes.push_back({"input", "Input", {}, {{"shape", Shape{1}}}, {}});
  graph.nodes.push_back(IfParameters{}.node("neuron", "input"));
  graph.nodes.push_back({"output", "Output", {"neuron"}, {}, {}});

  Engine engine(graph, registry, {});
  const float current = 0.4F;
  engine.load(0, {&current, 1}, 0);
  for (int t = 0; t < 5; ++t) engine.step();
  std::printf("%d spikes in %d steps\n", static_cast<int>(engine.logits(0)[0]), engine.time(0));
  return engine.logits(0)[0] == 2.0F ? 0 : 1;
}

#include "sim/engine/operation_plan.h"

#include <gtest/gtest.h>

#include "sim/engine/fan_out.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

// Images whose edges are runs of their own, and such as are too narrow for that.
TEST(OperationPlan, KeepsHowFarEveryValueLeads) {
  for (const std::int64_t extent : {3, 5, 40}) {
    const ImageShape image{7, extent, extent};
    testing::GraphBuilder b;
    const std::string synapse = b.conv2d(b.input({7, extent, extent}), {.outputs = 5, .inputs = 7});
    b.output(b.op("Flatten", {synapse}));
    std::vector<float>& weights = b.graph.find(synapse)->tensors["weight"].reals();
    for (std::size_t i = 0; i < weights.size(); i += 3) weights[i] = 0.0F;
    const std::vector<SignalSpec> signals(b.graph.nodes.size(), SignalSpec{SignalType::real32, image});
    const Registry registry = testing::full_registry();
    const OperationPlan plan = plan_operations(b.graph, b.graph.nodes, signals, registry.schemas());
    ASSERT_EQ(plan.signals[0].readers.size(), 1U);
    EXPECT_EQ(plan.signals[0].readers[0].fan_out(image), fan_out(*b.graph.find(synapse), image).effective)
        << extent;
  }
}

}  // namespace
}  // namespace rheobase

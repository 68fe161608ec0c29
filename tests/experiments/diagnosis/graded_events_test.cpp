// Decoding knows no neuron: events that are positive and negative whole numbers, of an op of the test.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "experiments/diagnosis/diagnosis.h"
#include "tests/experiments/diagnosis/chain.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

constexpr float unit = 0.125F;  // of events
constexpr float most = 3.0F;    // events are -3 .. 3

/// y = x: what the source network has.
class Identity : public HostKernel {
 public:
  explicit Identity(std::int64_t size) : size_(size) {}
  void step(const StepArgs& args) const override {
    for (const int lane : args.lanes) std::copy_n(args.inputs[0].real(lane), size_, args.output.real(lane));
  }

 private:
  std::int64_t size_;
};

/// v += x; emits as many units as v holds, 3 at most, and keeps the rest.
class Graded : public HostKernel {
 public:
  explicit Graded(std::int64_t size) : size_(size) {}
  void step(const StepArgs& args) const override {
    for (const int lane : args.lanes) {
      float* v = args.state.real(lane);
      for (std::int64_t i = 0; i < size_; ++i) {
        v[i] += args.inputs[0].real(lane)[i];
        const float number = std::clamp(std::round(v[i] / unit), -most, most);
        v[i] -= number * unit;
        args.output.real(lane)[i] = number;
      }
    }
  }

 private:
  std::int64_t size_;
};

template <class Kernel>
void add_op(Registry& registry, const std::string& name, float scale, bool has_memory) {
  OpSchema schema;
  schema.name = name;
  schema.role = Role::neuron;
  schema.infer = [](const Node&, std::span<const Shape> inputs, Faults&) { return inputs[0]; };
  registry.add_schema(std::move(schema));
  registry.add_plan(name, Arithmetic::float32, [=](const NodeContext& context) {
    const ImageShape& shape = context.inputs[0].shape;
    NodePlan plan{{SignalType::real32, shape, {scale}, false}};
    if (has_memory) plan.state = InitialState::repeat(std::vector<float>{0.0F}, shape.size());
    return plan;
  });
  registry.add_kernel(name, DeviceKind::cpu, Arithmetic::float32,
                      [](const NodeContext& context, const NodePlan&) {
                        return std::make_unique<Kernel>(context.inputs[0].shape.size());
                      });
}

class GradedEvents : public ::testing::Test {
 protected:
  GradedEvents() : registry_(full_registry()) {
    add_op<Identity>(registry_, "Identity", 1.0F, false);
    add_op<Graded>(registry_, "Graded", unit, true);
  }

  // A convolution with weights times `weight`, then `op`.
  static Graph network(const std::string& op, float weight) {
    GraphBuilder b(5);
    const std::string conv = b.conv2d(b.input({2, 6, 6}), {.outputs = 6, .inputs = 2});
    for (float& w : b.graph.find(conv)->tensors.at("weight").reals()) w *= weight;
    for (float& w : b.graph.find(conv)->tensors.at("bias").reals()) w *= weight;
    const std::string neuron = b.add({"neuron", op, {conv}, {}, {}});
    b.output(b.linear(b.op("Flatten", {neuron}), 216, 3));
    return std::move(b.graph);
  }

  LayerError after(int steps, float weight) {
    const test::RandomImages data({2, 6, 6}, 10);
    const Diagnosis found = diagnose(network("Identity", weight), network("Graded", weight), data, registry_,
                                     {.samples = 10, .steps = steps, .slots = 3, .threads = 1});
    rms_ = found.layers.at(0).rms;
    return found.layers.at(0).by_steps.back();
  }

  Registry registry_;
  double rms_ = 0.0;  // of the activation
};

TEST_F(GradedEvents, DecodeToTheActivation) {
  const LayerError error = after(16, 0.15F);  // within 3 units
  // What is kept back is half a unit at most.
  EXPECT_LE(error.error * rms_, 0.5 * unit / 16);
  EXPECT_GT(error.error, 0.0);
  EXPECT_NEAR(error.own_error, error.error, 1e-6);
  EXPECT_GT(error.correlation, 0.999);
  EXPECT_EQ(error.clipped, 0.0);
  EXPECT_GT(error.events, 1.0);
  EXPECT_LT(error.events, 16.0);  // 0 is none
}

TEST_F(GradedEvents, SaturateAtTheLargestOne) {
  const LayerError error = after(16, 2.0F);
  EXPECT_GT(error.saturated, 0.1);
  EXPECT_GT(error.clipped, 0.1);
  EXPECT_LT(error.saturated, 0.9);  // negative ones are not
}

}  // namespace
}  // namespace rheobase

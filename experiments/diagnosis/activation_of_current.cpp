#include "experiments/diagnosis/activation_of_current.h"

#include <array>
#include <utility>

#include "sim/core/error.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {

ActivationOfCurrent::ActivationOfCurrent(const Node& node, const ImageShape& shape, const Registry& registry,
                                         int slots, int threads) {
  input_.shape = shape;
  const NodeContext context{node, {input_}, {shape.channels, shape.height, shape.width}};
  NodePlan plan = (*registry.plan(node.op, Arithmetic::float32))(context);
  if (plan.state.size > 0) throw InputError("graph", node.name, "has a memory, so it is no activation");
  kernel_ = (*registry.find(node.op, DeviceKind::cpu, Arithmetic::float32))(context, plan);
  host_ = dynamic_cast<const HostKernel*>(kernel_.get());
  if (host_ == nullptr) throw InternalError(node.op + " has no host kernel");
  output_ = std::move(plan.output);
  stored_ = Buffer(Buffer::aligned(output_.bytes()) * slots);
  scratch_ = Buffer(Buffer::aligned(host_->scratch_bytes()) * threads);
  for (int slot = 0; slot < slots; ++slot) {
    lanes_.push_back(slot);
    slots_.push_back({slot, 1});
  }
}

void ActivationOfCurrent::apply(std::span<float> currents, int count, TaskPool& pool,
                                std::span<float> values) {
  const std::int64_t size = input_.shape.size();
  const SignalView in{reinterpret_cast<std::byte*>(currents.data()), size * sizeof(float), 1};
  const SignalView out{stored_.data(), Buffer::aligned(output_.bytes()), 1};
  const std::span lanes = std::span(lanes_).first(count);
  const std::span slots = std::span(slots_).first(count);
  const std::array inputs{in};
  host_->step({lanes, slots, inputs, out, {}, pool, {scratch_.data(), scratch_.size()}});
  const std::int64_t channels = output_.shape.channels;
  pool.for_ranges(count, 1, [&](std::int64_t slot, std::int64_t) {
    std::vector<float> scratch(channels);
    for (std::int64_t pixel = 0; pixel < output_.shape.pixels(); ++pixel) {
      const float* numbers = stored_pixel(output_, out, static_cast<int>(slot), pixel, scratch.data());
      float* to = values.data() + slot * size + pixel * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[c] = numbers[c] * output_.scale(c);
    }
  });
}

}  // namespace rheobase

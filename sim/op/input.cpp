// The codings of inputs on the host.
#include "sim/op/input.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/rng.h"
#include "sim/op/registry.h"

namespace rheobase {
namespace {

std::vector<float> per_channel(const Node& input, const char* key, std::int64_t channels, float otherwise) {
  const Tensor* tensor = input.tensor(key);
  if (tensor == nullptr) return std::vector<float>(channels, otherwise);
  if (tensor->size() == 1) return std::vector<float>(channels, tensor->reals()[0]);
  return tensor->reals();
}

// Stores one number at a place of the output.
class Writer {
 public:
  explicit Writer(const InputContext& context)
      : shape_(context.shape),
        fixed_(context.arithmetic == Arithmetic::fixed),
        fixed_scale_(std::ldexp(1.0F, static_cast<int>(context.node.integer("fraction_bits", 0)))) {}

  std::size_t bytes() const { return shape_.size() * (fixed_ ? sizeof(std::int16_t) : sizeof(float)); }

  bool holds(float x) const {
    return !fixed_ || std::abs(std::nearbyint(x * fixed_scale_)) <= static_cast<float>(largest_fixed_input);
  }

  // `index` in C, H, W order.
  void write(std::int64_t index, float x, std::uint64_t sample, std::byte* out) const {
    if (fixed_) {
      reinterpret_cast<std::int16_t*>(out)[place(index)] = to_fixed(x, sample);
    } else {
      reinterpret_cast<float*>(out)[place(index)] = x;
    }
  }

  float read(std::int64_t index, const std::byte* out) const {
    return fixed_
               ? static_cast<float>(reinterpret_cast<const std::int16_t*>(out)[place(index)]) / fixed_scale_
               : reinterpret_cast<const float*>(out)[place(index)];
  }

 private:
  std::int64_t place(std::int64_t index) const {
    return index % shape_.pixels() * shape_.channels + index / shape_.pixels();
  }

  std::int16_t to_fixed(float x, std::uint64_t sample) const {
    constexpr auto largest = static_cast<float>(largest_fixed_input);
    const float fixed = std::nearbyint(x * fixed_scale_);
    if (std::abs(fixed) <= largest) return static_cast<std::int16_t>(fixed);
    throw InputError("sample", std::to_string(sample),
                     "the normalised value " + std::to_string(x) + " is beyond the range +-" +
                         std::to_string(largest / fixed_scale_) + " of the model's fixed-point input");
  }

  ImageShape shape_;
  bool fixed_;
  float fixed_scale_;  // 2^fraction_bits
};

class ImageInput : public HostInput {
 public:
  ImageInput(const InputContext& context, Coding coding)
      : shape_(context.shape),
        drawn_(coding == Coding::poisson),
        seed_(context.seed),
        mean_(per_channel(context.node, "mean", shape_.channels, 0.0F)),
        std_(per_channel(context.node, "std", shape_.channels, 1.0F)),
        writer_(context) {}

  void encode(const SampleView& view, std::uint64_t sample, std::uint64_t step,
              std::byte* out) const override {
    for (std::int64_t i = 0; i < shape_.size(); ++i) {
      float pixel = view.pixels[i];
      if (drawn_) pixel = uniform(seed_, sample, step, i) < pixel ? 1.0F : 0.0F;
      const std::int64_t c = i / shape_.pixels();
      writer_.write(i, (pixel - mean_[c]) / std_[c], sample, out);
    }
  }

 private:
  ImageShape shape_;
  bool drawn_;
  std::uint64_t seed_;
  std::vector<float> mean_, std_;  // one a channel
  Writer writer_;
};

class EventInput : public HostInput {
 public:
  explicit EventInput(const InputContext& context) : writer_(context) {}

  void encode(const SampleView& view, std::uint64_t sample, std::uint64_t step,
              std::byte* out) const override {
    std::fill_n(out, writer_.bytes(), std::byte{0});
    const auto now = static_cast<std::int32_t>(step);
    const auto [first, last] = std::equal_range(view.events.begin(), view.events.end(), InputEvent{now, 0},
                                                [](const auto& a, const auto& b) { return a.step < b.step; });
    for (auto event = first; event != last; ++event) {
      const float count = writer_.read(event->place, out) + 1.0F;
      if (!writer_.holds(count))
        throw InputError("sample", std::to_string(sample),
                         "has " + std::to_string(static_cast<int>(count)) + " events of one place in step " +
                             std::to_string(step) +
                             ", more than the model's fixed-point input holds: bin them as bits "
                             "(events=bits), or in shorter steps");
      writer_.write(event->place, count, sample, out);
    }
  }

 private:
  Writer writer_;
};

}  // namespace

Coding parse_coding(const std::string& name) {
  if (name == "direct") return Coding::direct;
  if (name == "poisson") return Coding::poisson;
  if (name == "events") return Coding::events;
  throw InputError("--coding", name, "expected direct or poisson, or events");
}

SignalSpec plan_input(const InputContext& context, Coding coding) {
  const bool normalised = context.node.tensor("mean") != nullptr || context.node.tensor("std") != nullptr;
  if (coding == Coding::events && normalised) {
    throw InputError(
        "graph", context.node.name,
        "normalises images, but its samples are events; convert the network without --normalize");
  }
  SignalSpec spec{SignalType::real32, context.shape, {1.0F}, coding == Coding::direct};
  spec.sparse = coding == Coding::events;
  if (context.arithmetic == Arithmetic::fixed) {
    spec.type = SignalType::int16;
    spec.high = largest_fixed_input;
    spec.low = -spec.high;
  }
  return spec;
}

void register_inputs(Registry& registry) {
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    for (const Coding coding : {Coding::direct, Coding::poisson}) {
      registry.add_input(coding, device, [coding](const InputContext& context) {
        return std::make_unique<ImageInput>(context, coding);
      });
    }
    registry.add_input(Coding::events, device,
                       [](const InputContext& context) { return std::make_unique<EventInput>(context); });
  }
}

}  // namespace rheobase

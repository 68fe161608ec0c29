// Flatten, Slice, Pad and Concat only move stored numbers about: each output element is one input element or
// zero.
#include <optional>
#include <utility>

#include "sim/graph/structural_ops.h"
#include "sim/op/host_loops.h"
#include "sim/op/structural_kernels.h"

namespace rheobase {
namespace {

using Index = std::int64_t;

// An element of one of the inputs, by its place in C, H, W order.
struct Source {
  std::size_t input = 0;
  Index c = 0, y = 0, x = 0;
};

using Origin = std::function<std::optional<Source>(Index c, Index y, Index x)>;

Origin flatten_origin(const ImageShape& in) {
  return [=](Index n, Index, Index) {
    return Source{0, n / in.pixels(), n % in.pixels() / in.width, n % in.width};
  };
}

Origin slice_origin(const Node& node) {
  const SliceAttributes slice = slice_attributes(node);
  const auto at = [](const std::vector<Index>& list, std::size_t axis, Index otherwise) {
    return axis < list.size() ? list[axis] : otherwise;
  };
  return [=](Index c, Index y, Index x) {
    return Source{0, at(slice.start, 0, 0) + c * at(slice.step, 0, 1),
                  at(slice.start, 1, 0) + y * at(slice.step, 1, 1),
                  at(slice.start, 2, 0) + x * at(slice.step, 2, 1)};
  };
}

Origin pad_origin(const Node& node, const ImageShape& in) {
  std::vector<Index> before = node.integers("before", {});
  before.resize(3, 0);
  return [=](Index c, Index y, Index x) -> std::optional<Source> {
    const Source source{0, c - before[0], y - before[1], x - before[2]};
    const bool inside = source.c >= 0 && source.c < in.channels && source.y >= 0 && source.y < in.height &&
                        source.x >= 0 && source.x < in.width;
    return inside ? std::optional(source) : std::nullopt;
  };
}

Origin concat_origin(const std::vector<SignalSpec>& inputs) {
  return [inputs](Index c, Index y, Index x) -> std::optional<Source> {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (c < inputs[i].shape.channels) return Source{i, c, y, x};
      c -= inputs[i].shape.channels;
    }
    throw InternalError("concat: channel out of range");
  };
}

Origin origin_of(const KernelContext& context) {
  const Node& node = context.node;
  if (node.op == "Flatten") return flatten_origin(context.inputs[0].shape);
  if (node.op == "Slice") return slice_origin(node);
  if (node.op == "Pad") return pad_origin(node, context.inputs[0].shape);
  if (node.op == "Concat") return concat_origin(context.inputs);
  throw InternalError("not a rearranging op: " + node.op);
}

// The narrowest type that holds the numbers of both.
SignalType joined_type(SignalType a, SignalType b) {
  if (a == b) return a;
  if (a == SignalType::signs || b == SignalType::signs) return SignalType::real32;
  for (const SignalType wide : {SignalType::real32, SignalType::int32}) {
    if (a == wide || b == wide) return wide;
  }
  return SignalType::int16;
}

class RearrangeKernel : public Kernel {
 public:
  explicit RearrangeKernel(const KernelContext& context) : inputs_(context.inputs) {
    output_.type = inputs_[0].type;
    output_.shape = as_image(context.output_shape);
    for (const SignalSpec& input : inputs_) {
      output_.type = joined_type(output_.type, input.type);
      output_.low = std::min(output_.low, input.low);
      output_.high = std::max(output_.high, input.high);
    }
    output_.scales.assign(output_.shape.channels, 1.0F);
    plan(origin_of(context));
    const bool has_zeros =
        std::any_of(elements_.begin(), elements_.end(), [](const Element& e) { return e.input < 0; });
    if (has_zeros && output_.type == SignalType::signs) output_.type = SignalType::real32;
    const bool uniform = std::all_of(output_.scales.begin(), output_.scales.end(),
                                     [&](float s) { return s == output_.scales[0]; });
    if (uniform) output_.scales.resize(1);
  }

  SignalSpec output() const override { return output_; }

  void step(const StepArgs& args) const override {
    const Index channels = output_.shape.channels;
    for_lane_items(args, output_.shape.pixels(), channels,
                   [&](int lane, Index begin, Index end, ScratchMemory) {
                     switch (output_.type) {
                       case SignalType::spikes:
                       case SignalType::signs:
                         for (Index pixel = begin; pixel < end; ++pixel) write_spikes(args, lane, pixel);
                         return;
                       case SignalType::real32:
                         return write(args, lane, begin, end, args.output.real(lane));
                       case SignalType::int16:
                         return write(args, lane, begin, end, args.output.int16(lane));
                       case SignalType::int32:
                         return write(args, lane, begin, end, args.output.int32(lane));
                     }
                   });
  }

 private:
  struct Element {
    std::int32_t input = -1;  // none: zero
    std::int64_t pixel = 0;
    std::int64_t channel = 0;
  };

  void plan(const Origin& origin) {
    for (Index y = 0; y < output_.shape.height; ++y) {
      for (Index x = 0; x < output_.shape.width; ++x) {
        for (Index c = 0; c < output_.shape.channels; ++c) {
          Element element;
          if (const std::optional<Source> source = origin(c, y, x)) {
            const SignalSpec& input = inputs_[source->input];
            element = {static_cast<std::int32_t>(source->input), source->y * input.shape.width + source->x,
                       source->c};
            output_.scales[c] = input.scale(source->c);
          }
          elements_.push_back(element);
        }
      }
    }
  }

  template <class T>
  void write(const StepArgs& args, int lane, Index begin, Index end, T* out) const {
    const Index channels = output_.shape.channels;
    for (Index i = begin * channels; i < end * channels; ++i) out[i] = stored<T>(args, lane, elements_[i]);
  }

  template <class T>
  T stored(const StepArgs& args, int lane, const Element& e) const {
    if (e.input < 0) return 0;
    const SignalSpec& spec = inputs_[e.input];
    const SignalView& view = args.inputs[e.input];
    const Index index = e.pixel * spec.shape.channels + e.channel;
    switch (spec.type) {
      case SignalType::real32:
        return static_cast<T>(view.real(lane)[index]);
      case SignalType::int16:
        return static_cast<T>(view.int16(lane)[index]);
      case SignalType::int32:
        return static_cast<T>(view.int32(lane)[index]);
      case SignalType::spikes:
        return static_cast<T>(bit(view, spec, lane, e) ? 1 : 0);
      case SignalType::signs:
        return static_cast<T>(bit(view, spec, lane, e) ? 1 : -1);
    }
    throw InternalError("not a signal type");
  }

  static bool bit(const SignalView& view, const SignalSpec& spec, int lane, const Element& e) {
    const std::uint64_t word = view.spikes(lane)[e.pixel * spec.words_per_pixel() + e.channel / 64];
    return (word >> (e.channel % 64) & 1U) != 0;
  }

  void write_spikes(const StepArgs& args, int lane, Index pixel) const {
    const Index channels = output_.shape.channels;
    std::uint64_t* words = args.output.spikes(lane) + pixel * output_.words_per_pixel();
    std::fill(words, words + output_.words_per_pixel(), 0);
    for (Index c = 0; c < channels; ++c) {
      if (stored<int>(args, lane, elements_[pixel * channels + c]) > 0)
        words[c / 64] |= std::uint64_t{1} << (c % 64);
    }
  }

  std::vector<SignalSpec> inputs_;
  SignalSpec output_;
  std::vector<Element> elements_;  // in the order of the output's storage
};

}  // namespace

std::unique_ptr<Kernel> make_rearrange(const KernelContext& context) {
  return std::make_unique<RearrangeKernel>(context);
}

}  // namespace rheobase

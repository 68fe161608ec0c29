// CumulativeMaxPool2d of numbers on the cpu, in both arithmetics: the equations of cumulative_max_pool2d.cpp,
// a vector of channels at a time.
#include <algorithm>
#include <vector>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/structural_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/structural/cumulative_max_pool2d_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

#ifndef RHEOBASE_CUMULATIVE_MAX_POOL2D_BLOCK
#define RHEOBASE_CUMULATIVE_MAX_POOL2D_BLOCK
namespace rheobase {

// Some channels of an image, which neighbouring pixels have `step` numbers apart, and of what a pool makes of
// it. Window w has the pixels places[first[w]] to places[first[w + 1]], in numbers from `sums`.
template <class Number, class Input, class Output>
struct PoolBlock {
  Number* sums;
  Number* before;  // the maxima of the last step
  const Input* input;
  const Number* scale;  // by channel; nullptr where it is 1
  Output* output;
  std::int64_t step, channels, pixels;
  const std::int64_t *first, *places;
  std::int64_t windows;
};

}  // namespace rheobase
#endif

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const hn::TFromD<D>* values) {
  return hn::LoadU(d, values);
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const std::int16_t* values) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::int16_t, D>(), values));
}

template <class D>
HWY_INLINE void store(D d, hn::Vec<D> values, hn::TFromD<D>* out) {
  hn::StoreU(values, d, out);
}
template <class D>
HWY_INLINE void store(D /*d*/, hn::Vec<D> values, std::int16_t* out) {
  const hn::Rebind<std::int16_t, D> narrow;
  hn::StoreU(hn::DemoteTo(narrow, values), narrow, out);
}

// The channels c, c + 1, ... of one vector.
template <class D, class Number, class Input, class Output>
HWY_INLINE void pool_vector(D d, const PoolBlock<Number, Input, Output>& block, std::int64_t c) {
  for (std::int64_t p = c; p < block.pixels * block.step; p += block.step) {
    auto x = load(d, block.input + p);
    if (block.scale != nullptr) x = hn::Mul(x, hn::LoadU(d, block.scale + c));
    hn::StoreU(hn::Add(hn::LoadU(d, block.sums + p), x), d, block.sums + p);
  }
  for (std::int64_t w = 0; w < block.windows; ++w) {
    auto most = hn::Zero(d);  // of a window that holds no pixel
    for (std::int64_t i = block.first[w]; i < block.first[w + 1]; ++i) {
      const auto at = hn::LoadU(d, block.sums + block.places[i] + c);
      most = i == block.first[w] ? at : hn::Max(most, at);
    }
    Number* before = block.before + w * block.step + c;
    store(d, hn::Sub(most, hn::LoadU(d, before)), block.output + w * block.step + c);
    hn::StoreU(most, d, before);
  }
}

template <class Number, class Input, class Output>
HWY_INLINE void pool(const PoolBlock<Number, Input, Output>& given) {
  const PoolBlock<Number, Input, Output> block = given;  // which no store below can change
  const hn::CappedTag<Number, 16> d;
  const hn::CappedTag<Number, 1> one;
  constexpr std::int64_t lanes = hn::MaxLanes(d);
  std::int64_t c = 0;
  for (; c + lanes <= block.channels; c += lanes) pool_vector(d, block, c);
  for (; c < block.channels; ++c) pool_vector(one, block, c);
}

void pool_reals(const PoolBlock<float, float, float>& block) { pool(block); }
void pool_ints(const PoolBlock<std::int32_t, std::int32_t, std::int32_t>& block) { pool(block); }
void pool_ints_to_shorts(const PoolBlock<std::int32_t, std::int32_t, std::int16_t>& block) { pool(block); }
void pool_shorts(const PoolBlock<std::int32_t, std::int16_t, std::int16_t>& block) { pool(block); }
void pool_shorts_to_ints(const PoolBlock<std::int32_t, std::int16_t, std::int32_t>& block) { pool(block); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(pool_reals);
HWY_EXPORT(pool_ints);
HWY_EXPORT(pool_ints_to_shorts);
HWY_EXPORT(pool_shorts);
HWY_EXPORT(pool_shorts_to_ints);

namespace {

void run(const PoolBlock<float, float, float>& block) { HWY_DYNAMIC_DISPATCH(pool_reals)(block); }
void run(const PoolBlock<std::int32_t, std::int32_t, std::int32_t>& block) {
  HWY_DYNAMIC_DISPATCH(pool_ints)(block);
}
void run(const PoolBlock<std::int32_t, std::int32_t, std::int16_t>& block) {
  HWY_DYNAMIC_DISPATCH(pool_ints_to_shorts)(block);
}
void run(const PoolBlock<std::int32_t, std::int16_t, std::int16_t>& block) {
  HWY_DYNAMIC_DISPATCH(pool_shorts)(block);
}
void run(const PoolBlock<std::int32_t, std::int16_t, std::int32_t>& block) {
  HWY_DYNAMIC_DISPATCH(pool_shorts_to_ints)(block);
}

constexpr std::int64_t channels_per_task = 16;

// A task has some channels of all pixels of a slot, whose steps it takes in order: windows overlap.
template <class Number, class Input, class Output>
class CumulativeMaxPool2dCpu : public HostKernel {
 public:
  explicit CumulativeMaxPool2dCpu(const NodeContext& context) : plan_(context) {
    for (std::int64_t pixel = 0; pixel < plan_.output.pixels(); ++pixel) {
      first_.push_back(static_cast<std::int64_t>(places_.size()));
      plan_.for_window(pixel / plan_.output.width, pixel % plan_.output.width,
                       [&](std::int64_t from) { places_.push_back(from * channels()); });
    }
    first_.push_back(static_cast<std::int64_t>(places_.size()));
    for (std::int64_t c = 0; c < channels() && !plan_.input.unit_scale(); ++c)
      scale_.push_back(static_cast<Number>(plan_.input.scale(c)));
  }

  void step(const StepArgs& args) const override {
    const std::int64_t work = plan_.input.shape.pixels() * channels_per_task;
    for_stateful_items(args, (channels() + channels_per_task - 1) / channels_per_task, work,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory /*scratch*/) {
                         for (std::int64_t item = begin; item < end; ++item)
                           run(block(args, lane, item * channels_per_task));
                       });
  }

 private:
  std::int64_t channels() const { return plan_.input.shape.channels; }

  PoolBlock<Number, Input, Output> block(const StepArgs& args, int lane, std::int64_t first) const {
    auto* sums = reinterpret_cast<Number*>(args.state.entry(lane));
    return {sums + first,
            sums + plan_.input.shape.size() + first,
            reinterpret_cast<const Input*>(args.inputs[0].entry(lane)) + first,
            scale_.empty() ? nullptr : scale_.data() + first,
            reinterpret_cast<Output*>(args.output.entry(lane)) + first,
            channels(),
            std::min(channels_per_task, channels() - first),
            plan_.input.shape.pixels(),
            first_.data(),
            places_.data(),
            plan_.output.pixels()};
  }

  Pool2dPlan plan_;
  std::vector<std::int64_t> first_, places_;
  std::vector<Number> scale_;  // of real numbers, unless all are 1
};

}  // namespace

std::unique_ptr<HostKernel> make_cumulative_max_pool2d_cpu(const NodeContext& context, const NodePlan& plan) {
  if (context.inputs[0].type != SignalType::real32) return make_cumulative_max_pool2d(context, plan);
  return std::make_unique<CumulativeMaxPool2dCpu<float, float, float>>(context);
}

std::unique_ptr<HostKernel> make_fixed_cumulative_max_pool2d_cpu(const NodeContext& context,
                                                                 const NodePlan& plan) {
  const SignalType from = context.inputs[0].type, to = plan.output.type;
  if (from == SignalType::int32 && to == SignalType::int32)
    return std::make_unique<CumulativeMaxPool2dCpu<std::int32_t, std::int32_t, std::int32_t>>(context);
  if (from == SignalType::int32)
    return std::make_unique<CumulativeMaxPool2dCpu<std::int32_t, std::int32_t, std::int16_t>>(context);
  if (from == SignalType::int16 && to == SignalType::int16)
    return std::make_unique<CumulativeMaxPool2dCpu<std::int32_t, std::int16_t, std::int16_t>>(context);
  if (from == SignalType::int16)
    return std::make_unique<CumulativeMaxPool2dCpu<std::int32_t, std::int16_t, std::int32_t>>(context);
  return make_fixed_cumulative_max_pool2d(context, plan);
}

}  // namespace rheobase
#endif  // HWY_ONCE

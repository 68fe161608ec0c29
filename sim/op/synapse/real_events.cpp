#include "sim/op/synapse/real_events.h"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/real_events.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Writes the places of those of `count` numbers that are not 0; returns how many these are.
std::int64_t list_active(const float* numbers, std::int64_t count, std::uint32_t* places) {
  const hn::CappedTag<float, 16> d;
  constexpr std::int64_t n = hn::MaxLanes(d);
  std::int64_t listed = 0;
  std::int64_t i = 0;
  while (i + n <= count) {
    // Few of several vectors hold anything.
    while (i + 4 * n <= count) {
      const auto any = hn::Or(
          hn::Or(hn::Abs(hn::LoadU(d, numbers + i)), hn::Abs(hn::LoadU(d, numbers + i + n))),
          hn::Or(hn::Abs(hn::LoadU(d, numbers + i + 2 * n)), hn::Abs(hn::LoadU(d, numbers + i + 3 * n))));
      if (!hn::AllTrue(d, hn::Eq(any, hn::Zero(d)))) break;
      i += 4 * n;
    }
    if (i + n > count) break;
    const auto active = hn::Ne(hn::LoadU(d, numbers + i), hn::Zero(d));
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, active, bits);
    for (auto rest = static_cast<std::uint32_t>(bits[0] | bits[1] << 8); rest != 0; rest &= rest - 1)
      places[listed++] = static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(std::countr_zero(rest));
    i += n;
  }
  for (; i < count; ++i) {
    if (numbers[i] != 0.0F) places[listed++] = static_cast<std::uint32_t>(i);
  }
  return listed;
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(list_active);

RealEvents::RealEvents(const Conv2dGeometry& geometry)
    : input_(geometry.input.shape),
      output_width_(geometry.output.width),
      window_(geometry.window),
      rows_(geometry.rows()),
      possible_(geometry.input.type == SignalType::real32 && geometry.input.sparse && geometry.groups == 1) {
  if (!possible_) return;
  vertical_ = axis_of(window_, 0, input_.height, geometry.output.height);
  horizontal_ = axis_of(window_, 1, input_.width, output_width_);
}

RealEvents::Axis RealEvents::axis_of(const Window& window, std::size_t axis, std::int64_t inputs,
                                     std::int64_t outputs) {
  Axis reached(static_cast<std::size_t>(inputs));
  for (std::int64_t out = 0; out < outputs; ++out) {
    for (std::int64_t tap = 0; tap < window.kernel.at(axis); ++tap) {
      const std::int64_t in =
          out * window.stride.at(axis) + tap * window.dilation.at(axis) - window.padding.at(axis);
      if (in >= 0 && in < inputs)
        reached[in].push_back({static_cast<std::int32_t>(out), static_cast<std::int32_t>(tap)});
    }
  }
  return reached;
}

std::size_t RealEvents::scratch_bytes(std::int64_t positions) const {
  return ScratchMemory::size<RowEvent>(positions * rows_) +
         ScratchMemory::size<std::uint32_t>(input_.width * input_.channels);
}

RealEvents::List RealEvents::take(ScratchMemory& scratch, std::int64_t positions) const {
  return {scratch.take<RowEvent>(positions * rows_)};
}

// Inputs are walked in the order of rows, so each position meets its rows in order.
void RealEvents::append(const float* image, const Piece& piece, ScratchMemory scratch, List& list) const {
  const auto list_places = HWY_DYNAMIC_DISPATCH(list_active);
  const std::int64_t row = input_.width * input_.channels;
  auto* places = scratch.take<std::uint32_t>(row);
  const std::int64_t first_row = piece.begin / output_width_, last_row = (piece.end - 1) / output_width_;
  const std::int64_t top = first_row * window_.stride[0] - window_.padding[0];
  const std::int64_t bottom =
      last_row * window_.stride[0] - window_.padding[0] + (window_.kernel[0] - 1) * window_.dilation[0] + 1;
  RowEvent* event = list.events + list.count;
  const auto begin = static_cast<std::int32_t>(piece.begin), end = static_cast<std::int32_t>(piece.end);
  for (std::int64_t y = std::max<std::int64_t>(top, 0); y < std::min(bottom, input_.height); ++y) {
    const float* numbers = image + y * row;
    const std::int64_t count = list_places(numbers, row, places);
    std::int64_t x = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t place = places[i];
      while (place >= (x + 1) * input_.channels) ++x;
      const auto channel = static_cast<std::int32_t>(place - x * input_.channels);
      for (const Reach& v : vertical_[y]) {
        const auto line = static_cast<std::int32_t>(v.output * output_width_);
        const auto taps = static_cast<std::int32_t>(v.tap * window_.kernel[1]);
        for (const Reach& h : horizontal_[x]) {
          const std::int32_t position = line + h.output;
          if (position < begin || position >= end) continue;
          *event++ = {static_cast<std::uint32_t>(list.positions + position - begin),
                      static_cast<std::uint32_t>((taps + h.tap) * static_cast<std::int32_t>(input_.channels) +
                                                 channel),
                      numbers[place]};
        }
      }
    }
  }
  list.count = event - list.events;
  list.positions += piece.pixels();
}

}  // namespace rheobase
#endif  // HWY_ONCE

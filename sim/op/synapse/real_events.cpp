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

// Writes place and number of each of `count` numbers that is not 0; returns how many these are.
std::int64_t list_active(const float* numbers, std::int64_t count, std::uint32_t* places, float* values) {
  const hn::CappedTag<float, 16> d;
  constexpr std::int64_t n = hn::MaxLanes(d);
  std::int64_t listed = 0;
  const auto list = [&](std::int64_t i) {
    places[listed] = static_cast<std::uint32_t>(i);
    values[listed++] = numbers[i];
  };
  std::int64_t i = 0;
  for (; i + n <= count; i += n) {
    const auto active = hn::Ne(hn::LoadU(d, numbers + i), hn::Zero(d));
    if (hn::AllFalse(d, active)) continue;
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, active, bits);
    for (auto rest = static_cast<std::uint32_t>(bits[0] | bits[1] << 8); rest != 0; rest &= rest - 1)
      list(i + std::countr_zero(rest));
  }
  for (; i < count; ++i) {
    if (numbers[i] != 0.0F) list(i);
  }
  return listed;
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(list_active);

namespace {

// Copies are made in whole blocks: few entries share a window, and a block costs less than a loop of the
// right length.
constexpr std::int64_t slack = 8;

void append_entries(const std::uint32_t* places, const float* from, std::int64_t count, std::uint32_t shift,
                    std::uint32_t* __restrict rows, float* __restrict values) {
  for (std::int64_t block = 0; block < count; block += slack) {
    for (std::int64_t i = 0; i < slack; ++i) rows[block + i] = places[block + i] + shift;
    for (std::int64_t i = 0; i < slack; ++i) values[block + i] = from[block + i];
  }
}

}  // namespace

RealEventLister::RealEventLister(const Conv2dGeometry& geometry)
    : input_(geometry.input.shape),
      output_(geometry.output),
      window_(geometry.window),
      rows_(geometry.rows()),
      possible_(geometry.input.type == SignalType::real32 && geometry.input.sparse && geometry.groups == 1 &&
                geometry.window.dilation[1] == 1) {}

RealEventLister::Band RealEventLister::band_of(const Piece& piece) const {
  const std::int64_t top = piece.begin / output_.width * window_.stride[0] - window_.padding[0];
  const std::int64_t bottom = (piece.end - 1) / output_.width * window_.stride[0] - window_.padding[0] +
                              (window_.kernel[0] - 1) * window_.dilation[0] + 1;
  return {std::clamp<std::int64_t>(top, 0, input_.height),
          std::clamp<std::int64_t>(bottom, 0, input_.height)};
}

std::size_t RealEventLister::scratch_bytes(std::int64_t positions) const {
  const auto entries = [](std::int64_t count) {
    return ScratchMemory::size<std::uint32_t>(count + slack) + ScratchMemory::size<float>(count + slack);
  };
  return entries(positions * rows_) + ScratchMemory::size<std::int64_t>(positions + 1) +
         entries(input_.size()) + ScratchMemory::size<std::int64_t>(input_.height * (input_.width + 1));
}

RealEventLister::Lists RealEventLister::take(ScratchMemory& scratch, std::int64_t positions) const {
  Lists lists{};
  lists.rows = scratch.take<std::uint32_t>(positions * rows_ + slack);
  lists.values = scratch.take<float>(positions * rows_ + slack);
  lists.first = scratch.take<std::int64_t>(positions + 1);
  lists.first[0] = 0;
  return lists;
}

void RealEventLister::list_band(const float* image, const Band& band, const Entries& entries) const {
  const auto list = HWY_DYNAMIC_DISPATCH(list_active);
  const std::int64_t row = input_.width * input_.channels;
  std::int64_t listed = 0;
  std::int64_t* first = entries.first;
  for (std::int64_t y = band.top; y < band.bottom; ++y, first += input_.width + 1) {
    const std::int64_t end =
        listed + list(image + y * row, row, entries.places + listed, entries.values + listed);
    std::int64_t x = 0;
    for (std::int64_t i = listed; i < end; ++i) {
      for (; x * input_.channels <= entries.places[i]; ++x) first[x] = i;
    }
    for (; x <= input_.width; ++x) first[x] = end;
    listed = end;
  }
}

void RealEventLister::append_window(const Band& band, const Entries& entries, std::int64_t pixel,
                                    Lists& lists) const {
  std::int64_t& listed = lists.first[lists.positions + 1];
  listed = lists.first[lists.positions];
  ++lists.positions;
  const std::int64_t top = pixel / output_.width * window_.stride[0] - window_.padding[0];
  const std::int64_t left = pixel % output_.width * window_.stride[1] - window_.padding[1];
  const std::int64_t begin = std::max<std::int64_t>(left, 0);
  const std::int64_t end = std::min(left + window_.kernel[1], input_.width);
  for (std::int64_t ky = 0; ky < window_.kernel[0] && begin < end; ++ky) {
    const std::int64_t y = top + ky * window_.dilation[0];
    if (y < 0 || y >= input_.height) continue;
    const std::int64_t* first = entries.first + (y - band.top) * (input_.width + 1);
    const std::int64_t count = first[end] - first[begin];
    // Place x * channels + c is tap (ky, x - left), so row (ky * kw + x - left) * channels + c.
    const auto shift = static_cast<std::uint32_t>((ky * window_.kernel[1] - left) * input_.channels);
    append_entries(entries.places + first[begin], entries.values + first[begin], count, shift,
                   lists.rows + listed, lists.values + listed);
    listed += count;
  }
}

void RealEventLister::append(const float* image, const Piece& piece, ScratchMemory scratch,
                             Lists& lists) const {
  const Entries entries{scratch.take<std::uint32_t>(input_.size() + slack),
                        scratch.take<float>(input_.size() + slack),
                        scratch.take<std::int64_t>(input_.height * (input_.width + 1))};
  const Band band = band_of(piece);
  list_band(image, band, entries);
  for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel)
    append_window(band, entries, pixel, lists);
}

}  // namespace rheobase
#endif  // HWY_ONCE

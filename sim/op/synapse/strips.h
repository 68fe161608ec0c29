#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// Output pixels [begin, end) of one lane.
struct Piece {
  int lane;
  std::int64_t begin, end;
  std::int64_t pixels() const { return end - begin; }
};

/// The output of a synapse cut into strips for a neuron with state: some pixels through all lanes of a slot,
/// in order, so that each pixel's steps follow each other in one task.
class Strips {
 public:
  /// Tasks of `most` positions at most, or of one pixel through all its lanes where these are more.
  Strips(const StepArgs& args, std::int64_t pixels, std::int64_t most) : args_(args), pixels_(pixels) {
    std::int64_t lanes = 1;  // of the slot that has most
    for (const SlotLanes& slot : args.slots) lanes = std::max<std::int64_t>(lanes, slot.count);
    const std::int64_t total = pixels * static_cast<std::int64_t>(args.lanes.size());
    const std::int64_t share = total / (4 * args.pool.threads()) + 1;
    constexpr std::int64_t block = 12;  // positions that the kernels take together at most
    const std::int64_t wanted = std::min(most, (share + block - 1) / block * block);
    strip_ = std::clamp<std::int64_t>(wanted / lanes, 1, pixels);
    per_slot_ = (pixels + strip_ - 1) / strip_;
    per_task_ = std::max<std::int64_t>(1, wanted / (strip_ * lanes));
  }

  std::int64_t count() const { return per_slot_ * static_cast<std::int64_t>(args_.slots.size()); }
  std::int64_t per_task() const { return per_task_; }

  /// Calls visit(Piece) for the lanes of each strip of [begin, end), in order.
  template <class Visit>
  void for_pieces(std::int64_t begin, std::int64_t end, const Visit& visit) const {
    for (std::int64_t i = begin; i < end; ++i) {
      const SlotLanes& slot = args_.slots[i / per_slot_];
      const std::int64_t first = i % per_slot_ * strip_;
      for (const int lane : args_.lanes.subspan(slot.first, slot.count))
        visit(Piece{lane, first, std::min(first + strip_, pixels_)});
    }
  }

 private:
  const StepArgs& args_;
  std::int64_t pixels_;
  std::int64_t strip_ = 1;  // pixels
  std::int64_t per_slot_ = 1, per_task_ = 1;
};

}  // namespace rheobase

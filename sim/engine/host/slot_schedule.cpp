#include "sim/engine/host/slot_schedule.h"

#include <algorithm>

namespace rheobase {

SlotSchedule::SlotSchedule(int slots, int lookahead) : lookahead_(lookahead), states_(slots) {
  lanes_.reserve(lane_count());
  for (auto* list : {&slot_lanes_, &fresh_slots_}) list->reserve(slots);
  fresh_.reserve(slots);
}

int SlotSchedule::first_free() const {
  const auto free = std::find_if(states_.begin(), states_.end(), [](const auto& s) { return !s.occupied; });
  return free == states_.end() ? -1 : static_cast<int>(free - states_.begin());
}

void SlotSchedule::collect() {
  lanes_.clear();
  slot_lanes_.clear();
  fresh_.clear();
  fresh_slots_.clear();
  for (int slot = 0; slot < slots(); ++slot) {
    SlotState& state = states_[slot];
    if (!state.occupied || state.ready > 0) continue;
    if (state.time == 0) {
      fresh_slots_.push_back({static_cast<std::int32_t>(fresh_.size()), 1});
      fresh_.push_back(first_lane(slot));
    }
    const std::int64_t left = state.limit - state.time;
    state.computed = state.ready = static_cast<int>(std::min<std::int64_t>(lookahead_, left));
    slot_lanes_.push_back({static_cast<std::int32_t>(lanes_.size()), state.ready});
    for (int k = 0; k < state.ready; ++k) lanes_.push_back(first_lane(slot) + k);
  }
}

std::uint64_t SlotSchedule::step_of(int lane) const {
  return static_cast<std::uint64_t>(states_[slot_of(lane)].time + lane % lookahead_ + 1);
}

void SlotSchedule::drop_collected() {
  for (const int lane : lanes_) states_[slot_of(lane)] = {};
}

int SlotSchedule::take(int slot) {
  SlotState& state = states_[slot];
  const int lane = first_lane(slot) + state.computed - state.ready;
  --state.ready;
  ++state.time;
  return lane;
}

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// The sample in a slot and how far it is.
struct SlotState {
  bool occupied = false;
  bool streamed = false;  ///< the stop rule ends it
  std::uint64_t sample = 0;
  std::int64_t limit = 0;  ///< steps that may be asked for
  int time = 0;            ///< steps taken
  int computed = 0;        ///< lanes of the last computation,
  int ready = 0;           ///< of which these are not taken yet
};

/// Which steps of which samples are computed next: up to `lookahead` of each slot that has none ready. Lanes
/// slot * lookahead + 0, 1, ... are a slot's next steps.
class SlotSchedule {
 public:
  SlotSchedule(int slots, int lookahead);

  int slots() const { return static_cast<int>(states_.size()); }
  int lookahead() const { return lookahead_; }
  int lane_count() const { return slots() * lookahead_; }
  int slot_of(int lane) const { return lane / lookahead_; }
  int first_lane(int slot) const { return slot * lookahead_; }
  SlotState& operator[](int slot) { return states_[slot]; }
  const SlotState& operator[](int slot) const { return states_[slot]; }
  /// Checked.
  SlotState& at(int slot) { return states_.at(slot); }
  const SlotState& at(int slot) const { return states_.at(slot); }
  /// -1 where all are occupied.
  int first_free() const;

  /// Makes the lists below for the next computation.
  void collect();
  std::span<const int> lanes() const { return lanes_; }
  std::span<const SlotLanes> slot_lanes() const { return slot_lanes_; }
  /// The first lane of every sample that has not been computed at all.
  std::span<const int> fresh_lanes() const { return fresh_; }
  std::span<const SlotLanes> fresh_slots() const { return fresh_slots_; }
  /// The step, counted from 1, that a collected lane computes.
  std::uint64_t step_of(int lane) const;
  /// The slots of the collected lanes lose their samples.
  void drop_collected();
  /// Makes the next computed step of a slot its present; returns its lane.
  int take(int slot);

 private:
  int lookahead_;
  std::vector<SlotState> states_;
  std::vector<int> lanes_, fresh_;
  std::vector<SlotLanes> slot_lanes_, fresh_slots_;
};

}  // namespace rheobase

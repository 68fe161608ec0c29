#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/engine/host/slot_schedule.h"
#include "sim/engine/plan.h"

namespace rheobase {

/// Spikes and spike hashes: of every computed lane, and of every slot over the steps taken.
class Tally {
 public:
  Tally(const Plan& plan, const SlotSchedule& schedule, bool hash);

  /// A sample enters the slot.
  void clear(int slot);
  /// These lanes are about to be computed.
  void begin(std::span<const int> lanes);
  /// Whether look() has anything to see.
  bool counts(int node) const { return counted_[node] != 0; }
  /// A node's output on one lane, and how many of its numbers are not 0 where that is known already. Called
  /// from several threads at once, each with another lane.
  void look(int node, const SignalView& output, int lane, std::optional<std::uint64_t> active);
  /// The lane's step was taken.
  void take(int slot, int lane);

  /// Spikes, or what the counts of spikes add up to, of a node on one lane.
  std::uint64_t events(int node, int lane) const {
    return lane_counts_[node * schedule_.lane_count() + lane];
  }
  /// Per spiking node, of the steps taken.
  std::span<const std::uint64_t> spike_counts(int slot) const {
    return std::span(spike_counts_).subspan(slot * spiking_.size(), spiking_.size());
  }
  std::uint64_t spike_hash(int slot) const { return hashes_[slot]; }

 private:
  const Plan& plan_;
  const SlotSchedule& schedule_;
  bool hash_;
  std::vector<int> spiking_;                 // nodes
  std::vector<char> counted_, hashed_;       // by node
  std::vector<std::uint64_t> spike_counts_;  // [slot][spiking node]
  std::vector<std::uint64_t> hashes_;        // [slot]
  std::vector<std::uint64_t> lane_counts_;   // [node][lane]; spikes behind a pool too
  std::vector<std::uint64_t> lane_hashes_;   // [lane]
};

}  // namespace rheobase

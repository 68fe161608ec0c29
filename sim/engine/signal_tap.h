#pragma once

#include <span>

#include "sim/op/signal.h"

namespace rheobase {

/// Sees the signals of a run, for rasters and debugging; counting is EngineOptions::hash and costs. A lane is
/// a step of a slot that is computed: lanes slot * lookahead + 0, 1, ... are its next steps.
class SignalTap {
 public:
  virtual ~SignalTap() = default;
  /// These lanes are about to be computed; what was seen of them before is over.
  virtual void begin(std::span<const int> lanes) = 0;
  /// A node's output on one lane, unless it runs fused (EngineOptions::fuse); constant signals are shown
  /// once. Called from several threads at once, each with another lane.
  virtual void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) = 0;
  /// The lane's step was taken: what was seen of it counts. Lanes that are never taken do not.
  virtual void taken(int lane) = 0;
};

}  // namespace rheobase

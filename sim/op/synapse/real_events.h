#pragma once

#include <cstdint>
#include <vector>

#include "sim/op/host/scratch_memory.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/row_kernels.h"
#include "sim/op/synapse/strips.h"

namespace rheobase {

/// Lists what output positions add of real numbers most of which are 0 (SignalSpec::sparse): for every number
/// that is not, where it goes and which weight row it meets. Float32 arithmetic, cpu.
class RealEvents {
 public:
  explicit RealEvents(const Conv2dGeometry& geometry);

  /// False where the input is not sparse, or has groups.
  bool possible() const { return possible_; }

  /// Events by position in row order, though not position by position.
  struct List {
    RowEvent* events;
    std::int64_t count = 0;
    std::int64_t positions = 0;  ///< listed so far

    std::span<const RowEvent> all() const { return {events, static_cast<std::size_t>(count)}; }
  };
  /// Memory for the events of some positions.
  List take(ScratchMemory& scratch, std::int64_t positions) const;
  /// Appends those of a piece of an image.
  void append(const float* image, const Piece& piece, ScratchMemory scratch, List& list) const;
  /// Memory that take() and append() use up.
  std::size_t scratch_bytes(std::int64_t positions) const;

 private:
  // An output place along one axis that an input place reaches, and by which tap of the kernel.
  struct Reach {
    std::int32_t output, tap;
  };
  using Axis = std::vector<std::vector<Reach>>;  // by input place, taps ascending where outputs fall

  static Axis axis_of(const Window& window, std::size_t axis, std::int64_t inputs, std::int64_t outputs);

  ImageShape input_;
  std::int64_t output_width_;
  Window window_;
  std::int64_t rows_;
  bool possible_;
  Axis vertical_, horizontal_;
};

}  // namespace rheobase

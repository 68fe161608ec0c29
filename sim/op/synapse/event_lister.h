#pragma once

#include <vector>

#include "sim/op/host/scratch_memory.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/event_lists.h"

namespace rheobase {

/// Lists, for each output position, the weight rows that its window's spikes add; fixed arithmetic, cpu.
///
/// The rows of a plane are cut into blocks that fit the second-level cache, each followed by one row of
/// zeros; a position has one list a block, padded with the zero row to a multiple of event_multiple. A count
/// of n (spikes behind a pool) lists its row n times.
class EventLister {
 public:
  /// Blocks hold up to `block_rows` rows where the kernel's rows can be cut so finely. Keeps no reference to
  /// the geometry. Where `signed_channels` is not 0, signals are spikes of either sign of so many channels,
  /// which the geometry sees as spikes (signed_events.h).
  EventLister(const Conv2dGeometry& geometry, std::int64_t block_rows, std::int64_t signed_channels = 0);

  /// False where the input is neither spikes nor small counts, or a block has too many rows for 16-bit
  /// numbers.
  bool possible() const { return possible_; }
  std::int64_t blocks() const { return static_cast<std::int64_t>(first_row_.size()) - 1; }
  /// First row of a block; of block blocks(), the number of all rows.
  std::int64_t first_row(std::int64_t block) const { return first_row_[block]; }

  /// Output positions [begin, end) of one lane and the channels of one group.
  struct Piece {
    int lane;
    std::int64_t group, begin, end;
  };
  /// Where lists go: first[b][i] to first[b][i + 1] are the events of position i in block b.
  struct Lists {
    std::uint16_t** events;
    std::uint32_t** first;
    std::int64_t positions = 0;  ///< listed so far
  };
  /// Memory for the lists of some positions.
  Lists take(ScratchMemory& scratch, std::int64_t positions) const;
  /// Appends the lists of a piece.
  void append(const SignalView& input, const Piece& piece, ScratchMemory scratch, Lists& lists) const;
  /// ScratchMemory memory that take() and append() use up.
  std::size_t scratch_bytes(std::int64_t positions) const;
  /// Events that one position has at most, padding included.
  std::int64_t most_events() const;

 private:
  // The channels that spiked in the pixels of some rows of the image: entries of pixel (y, x) are numbered
  // x * channels + c and start at first[y * width + x].
  struct Image {
    std::uint16_t* entries;
    std::uint32_t* first;
    WindowRow* rows;       // room for those of a block
    std::uint64_t* words;  // room for a row of the image, of spikes of either sign
  };
  // Output positions of one row.
  struct Row {
    std::int64_t y, begin, end;
  };

  std::int64_t times() const { return input_.type == SignalType::spikes ? 1 : input_.high; }
  std::int64_t most_events(std::int64_t block) const;
  std::int64_t row_words() const { return input_.shape.width * input_.words_per_pixel(); }
  std::int64_t most_window_rows() const { return window_.kernel[0] * window_.kernel[1]; }
  std::int64_t list_channels(const SignalView& input, int lane, std::int64_t pixel, std::int64_t first,
                             std::int64_t count, std::uint16_t base, std::uint16_t* out) const;
  void list_image(const SignalView& input, const Piece& piece, const Image& image) const;
  void append_windows(const Image& image, const Row& row, Lists& lists) const;
  void append_pixels(const SignalView& input, const Piece& piece, const Row& row, Lists& lists) const;

  SignalSpec input_;
  ImageShape output_;
  Window window_;
  std::int64_t channels_;  // of a group
  std::int64_t signed_channels_;
  bool possible_ = false;
  bool single_pixel_ = false;  // a kernel of 1x1: lists come straight from the words
  std::vector<std::int64_t> first_row_;
};

}  // namespace rheobase

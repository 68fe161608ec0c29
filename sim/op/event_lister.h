#pragma once

#include <vector>

#include "sim/op/fixed_conv2d_plan.h"
#include "sim/op/fixed_rows.h"
#include "sim/op/spike_bits.h"

namespace rheobase {

/// Lists, for each output position, the weight rows that its window's spikes add; fixed arithmetic, cpu.
///
/// The rows of a plane are cut into blocks that fit the second-level cache, each followed by one row of
/// zeros; a position has one list a block, padded with the zero row to a multiple of event_multiple. A count
/// of n (spikes behind a pool) lists its row n times.
class EventLister {
 public:
  /// Blocks hold up to `block_rows` rows where the kernel's rows can be cut so finely.
  EventLister(const FixedConv2dPlan& plan, std::int64_t block_rows);

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
  /// Where lists go: position i of all that are listed has first[i * blocks() + block].
  struct Output {
    std::uint16_t* events;
    std::uint32_t* first;
    std::int64_t positions;  ///< listed so far
  };

  /// Appends the lists of a piece.
  void append(const SignalView& input, const Piece& piece, Scratch scratch, Output& out) const;
  /// Scratch memory that append() takes.
  std::size_t scratch_bytes() const;
  /// Events that one position has at most, padding included; `out.events` needs list_slack more.
  std::int64_t most_events() const;

 private:
  // The channels that spiked in the pixels of some rows of the image, as row number from the left edge:
  // entries of pixel (y, x) are x * channels + c and start at first[y * width + x].
  struct PixelLists {
    std::uint16_t* entries;
    std::uint32_t* first;
  };

  std::int64_t list_channels(const SignalView& input, int lane, std::int64_t pixel, std::int64_t first,
                             std::int64_t count, std::uint16_t base, std::uint16_t* out) const;
  void list_image_rows(const SignalView& input, const Piece& piece, const PixelLists& lists) const;
  void append_window(const PixelLists& lists, std::int64_t position, Output& out) const;
  std::uint16_t* append_kernel_row(const PixelLists& lists, std::int64_t position, std::int64_t ky,
                                   std::int64_t first_row, std::uint16_t* out) const;
  void append_pixel(const SignalView& input, const Piece& piece, std::int64_t position, Output& out) const;
  std::uint16_t* pad(std::int64_t block, std::uint16_t* begin, std::uint16_t* end) const;

  const FixedConv2dPlan& plan_;
  bool possible_ = false;
  bool single_pixel_ = false;  // a kernel of 1x1: lists come straight from the words
  std::vector<std::int64_t> first_row_;
};

}  // namespace rheobase

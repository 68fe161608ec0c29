#pragma once

#include <cstdint>

#include "sim/op/synapse/event_lists.h"

namespace rheobase {

// Vector kernels of Conv2d and Linear in fixed arithmetic on the cpu. A plane is `width` output channels, 16,
// 32 or 64; results are int32, [position][width].

/// Weight rows as sum_events() reads them: `width` bytes a row, each 128 + a weight, 64-byte aligned where
/// width is
/// 64. Byte 2i of a row is column i, byte 2i + 1 column width/2 + i: seen as 16-bit words, two columns are
/// widened at once.
struct EventPlane {
  const std::uint8_t* rows;
  std::int64_t width;
};

/// Which rows each position adds: those that events[first[p]] to events[first[p + 1]] number, a multiple of
/// event_multiple.
struct EventLists {
  const std::uint16_t* events;
  const std::uint32_t* first;
};

/// out[p][c] = start[c] + sum of the rows of position p; without a `start`, what out[p][c] held.
void sum_events(const EventPlane& plane, const EventLists& lists, std::int64_t positions,
                const std::int32_t* start, std::int32_t* out);

/// Where a column is in an event row, and its weight there.
constexpr std::int64_t event_byte(std::int64_t width, std::int64_t column) {
  return column < width / 2 ? 2 * column : 2 * (column - width / 2) + 1;
}
constexpr std::uint8_t event_value(std::int32_t weight) { return static_cast<std::uint8_t>(weight + 128); }

/// Where the inputs of an output position lie: pieces of `length` numbers, piece r at offsets[r] behind the
/// position's place.
struct InputPieces {
  const std::int64_t* offsets;
  std::int64_t count;
  std::int64_t length;
};

/// Dense, over bytes: out[p][c] = start[c] + sum over k of weights[k][c] * x_p[k], modulo 2^32, where x_p[k],
/// in [0, 128], runs through the pieces at places[p], one after the other; where all weights of a k are 0, it
/// may be anything. Pieces have a multiple of 4 numbers, weights are [k / 4][c][k % 4].
void multiply_dense(const std::int8_t* weights, std::int64_t width, const std::uint8_t* const* places,
                    const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                    std::int32_t* out);

/// The same for 16-bit inputs, pieces of a multiple of 2, weights [k / 2][c][k % 2].
void multiply_dense(const std::int16_t* weights, std::int64_t width, const std::int16_t* const* places,
                    const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                    std::int32_t* out);

/// out[i] = values[i] + zero, which is a byte.
void shorts_as_bytes(const std::int16_t* values, std::int64_t count, std::int16_t zero, std::uint8_t* out);

}  // namespace rheobase

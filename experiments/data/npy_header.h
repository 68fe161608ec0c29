#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rheobase {

/// What stands before the values of a .npy file, of NumPy's format 1 to 3.
struct NpyHeader {
  char kind = 0;            ///< `u` unsigned, `i` signed, `f` real, `b` bool, and others of NumPy's
  int value_bytes = 0;      ///< of one value
  bool big_endian = false;  ///< where a value has more than a byte
  std::vector<std::uint64_t> extents;

  /// Of all values; at most `most`, which is returned where there are more.
  std::uint64_t data_bytes(std::uint64_t most) const;
};

/// What every .npy file begins with: magic, version and the first two bytes of the header's size; then the
/// other two where the version is above 1.
inline constexpr std::size_t npy_prefix_bytes = 10;
inline constexpr std::uint64_t max_npy_header_bytes = 1 << 16;

/// Bytes from the beginning of the file to those of the header text, and those of the text.
struct NpyPrefix {
  std::size_t text_at = npy_prefix_bytes;
  std::uint64_t text_bytes = 0;
};

/// Of the first 12 bytes of a file. Throws std::runtime_error, as below, saying what is wrong.
NpyPrefix parse_npy_prefix(std::span<const std::uint8_t> bytes);

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. Fortran order, structures and Python
/// objects are refused, with the way out.
NpyHeader parse_npy_header(std::string_view text);

/// Value k of `bytes`, which hold values as the header says, unsigned, signed, bool or real of at most 8
/// bytes.
std::int64_t npy_integer(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k);
double npy_double(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k);
float npy_real(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k);

}  // namespace rheobase

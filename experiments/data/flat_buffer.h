#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rheobase {

/// A table of a FlatBuffer that lies in a file: no read leaves its bytes, whatever they say. Throws
/// std::runtime_error saying what is wrong.
class FlatTable {
 public:
  /// The root of `bytes`, which outlive the table and say of themselves that they are `identifier`.
  FlatTable(std::span<const std::uint8_t> bytes, std::string_view identifier);

  /// Field `field`, a signed number of `width` bytes; `otherwise` where it is not there.
  std::int64_t integer(std::size_t field, std::size_t width, std::int64_t otherwise) const;
  /// Field `field`, values of `width` bytes each, or text; empty where it is not there.
  std::span<const std::uint8_t> list(std::size_t field, std::size_t width) const;

 private:
  // Where a field's value is; 0, which is no place of one, where it is not there.
  std::size_t place(std::size_t field) const;

  std::span<const std::uint8_t> bytes_;
  std::size_t table_ = 0;
};

}  // namespace rheobase

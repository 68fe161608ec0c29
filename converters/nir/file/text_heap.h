#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rheobase::nir {

/// Texts of any length, which HDF5 keeps in global heaps (File Format Specification 3.0, III.E), read from
/// the file's bytes: libhdf5 trusts the places that a damaged file names, and crashes. For files of 64-bit
/// addresses and lengths.
class TextHeap {
 public:
  /// One text of a dataset as it is stored: length, address of a heap, number of an object there.
  static constexpr std::uint64_t reference_bytes = 16;

  /// `bytes` must outlive the heap.
  explicit TextHeap(std::string_view bytes)
      : bytes_(bytes), scan_left_(bytes.size()), text_left_(bytes.size()) {}

  /// The text of the reference at `position`; nothing where it leads to no text of this file.
  std::optional<std::string> text(std::uint64_t position);

 private:
  using Objects = std::map<std::uint64_t, std::string_view>;  // by number

  bool holds(std::uint64_t position, std::uint64_t size) const {
    return position <= bytes_.size() && size <= bytes_.size() - position;
  }
  std::uint64_t number(std::uint64_t position, int width) const;
  const Objects* objects(std::uint64_t address);
  bool scan(std::uint64_t begin, std::uint64_t end, Objects& found) const;

  std::string_view bytes_;
  std::map<std::uint64_t, Objects> heaps_;  // by address
  std::uint64_t scan_left_;                 // heaps do not overlap: together they are smaller than the file
  std::uint64_t text_left_;                 // of texts that are copied
};

}  // namespace rheobase::nir

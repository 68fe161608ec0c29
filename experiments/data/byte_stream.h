#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <span>
#include <string>

namespace rheobase {

/// The bytes of a regular file, read front to back unless told otherwise.
class ByteStream {
 public:
  /// Throws InputError naming the file and the system's reason.
  explicit ByteStream(const std::string& path);

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// Bytes before the next one.
  std::uint64_t offset() const { return offset_; }
  /// As many of the next bytes as fit and are there.
  std::span<std::uint8_t> read(std::span<std::uint8_t> bytes);
  /// Where to read next: at most size().
  void seek(std::uint64_t offset);

 private:
  std::string path_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<std::istream> file_;
};

/// The number that at most 8 bytes are, the smallest first.
std::uint64_t little_endian(std::span<const std::uint8_t> bytes);
std::int64_t signed_little_endian(std::span<const std::uint8_t> bytes);

}  // namespace rheobase

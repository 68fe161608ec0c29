#include "experiments/data/byte_stream.h"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {

ByteStream::ByteStream(const std::string& path) : path_(path), size_(regular_file_size(path)) {
  will_read(path);
  file_ = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file_) throw InputError(path, "", std::generic_category().message(errno));
}

std::span<std::uint8_t> ByteStream::read(std::span<std::uint8_t> bytes) {
  file_->read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (file_->bad()) throw InputError(path_, "", "cannot be read: " + std::generic_category().message(errno));
  const auto count = static_cast<std::size_t>(file_->gcount());
  offset_ += count;
  return bytes.first(count);
}

void ByteStream::seek(std::uint64_t offset) {
  file_->clear();  // of an end that was reached
  file_->seekg(static_cast<std::streamoff>(offset));
  if (!*file_) throw InputError(path_, "", "cannot be read: " + std::generic_category().message(errno));
  offset_ = offset;
}

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

std::int64_t signed_little_endian(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return 0;
  const std::size_t unused = 64 - 8 * bytes.size();  // the sign moves to the top and back
  return static_cast<std::int64_t>(little_endian(bytes) << unused) >> unused;
}

}  // namespace rheobase

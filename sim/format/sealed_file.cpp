#include "sim/format/sealed_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr std::string_view magic = "RHEOBASE";
constexpr std::size_t kind_offset = 8;
constexpr std::size_t version_offset = 12;
constexpr std::size_t length_offset = 16;
constexpr std::size_t digest_offset = 24;
constexpr std::size_t digest_length = 64;

void put_little_endian(std::string& bytes, std::size_t offset, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t little_endian(std::string_view bytes, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

const char* kind_name(std::uint64_t kind) {
  if (kind == static_cast<std::uint64_t>(FileKind::model)) return "model";
  if (kind == static_cast<std::uint64_t>(FileKind::recording)) return "recording";
  return "unknown";
}

// The first 512 bytes, fewer where the file is shorter. Read on their own, so that a large file of another
// sort, or a device without an end, is refused at once.
std::string read_seal(const std::string& path) {
  regular_file_size(path);
  will_read(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path, "cannot open", std::strerror(errno));
  std::array<char, seal_bytes> block{};
  file.read(block.data(), block.size());
  return {block.data(), static_cast<std::size_t>(file.gcount())};
}

void check_seal(const std::string& path, std::string_view seal, FileKind kind, std::uint32_t newest) {
  const auto* const expected = kind_name(static_cast<std::uint64_t>(kind));
  if (seal.substr(0, magic.size()) != magic) {
    if (kind == FileKind::model && path.ends_with(".onnx")) {
      throw InputError(path, "",
                       fmt::format("is an ONNX file: convert it first: rheobase convert {} {}.h5", path,
                                   path.substr(0, path.size() - 5)));
    }
    throw InputError(path, "", fmt::format("not a Rheobase {} file", expected));
  }
  if (seal.size() < seal_bytes) {
    throw InputError(path, "", fmt::format("cut short: {} bytes, the header alone has 512", seal.size()));
  }
  const std::uint64_t found = little_endian(seal, kind_offset, 4);
  if (found != static_cast<std::uint64_t>(kind)) {
    throw InputError(path, "", fmt::format("a Rheobase {} file, expected a {}", kind_name(found), expected));
  }
  const std::uint64_t version = little_endian(seal, version_offset, 4);
  if (version < 1 || version > newest) {
    throw InputError(path, "", fmt::format("layout version {}, this program reads 1 to {}", version, newest));
  }
}

// `length`: of what is behind the seal.
void check_length(const std::string& path, std::uint64_t length, std::string_view seal) {
  const std::uint64_t stated = little_endian(seal, length_offset, 8);
  if (length == stated) return;
  throw InputError(
      path, "",
      fmt::format("{} bytes behind the header, which says {}: cut short or damaged", length, stated));
}

}  // namespace

void seal(std::string& file, FileKind kind, std::uint32_t version) {
  if (file.size() < seal_bytes) throw InternalError("no room for the seal");
  const std::string_view rest = std::string_view(file).substr(seal_bytes);
  const std::string digest = sha256(rest);
  file.replace(0, magic.size(), magic);
  put_little_endian(file, kind_offset, 4, static_cast<std::uint32_t>(kind));
  put_little_endian(file, version_offset, 4, version);
  put_little_endian(file, length_offset, 8, rest.size());
  file.replace(digest_offset, digest_length, digest);
  std::fill(file.begin() + digest_offset + digest_length, file.begin() + seal_bytes, '\0');
}

SealedFile read_sealed(const std::string& path, FileKind kind, std::uint32_t newest_version) {
  const std::string start = read_seal(path);
  check_seal(path, start, kind, newest_version);
  check_length(path, regular_file_size(path) - seal_bytes, start);  // before all of it is read
  SealedFile file{0, read_file(path)};
  const std::string_view bytes = file.bytes;
  // Once more: the file may have been replaced since its seal was read.
  check_seal(path, bytes.substr(0, seal_bytes), kind, newest_version);
  file.version = static_cast<std::uint32_t>(little_endian(bytes, version_offset, 4));
  const std::string_view rest = bytes.substr(seal_bytes);
  check_length(path, rest.size(), bytes);
  const std::string_view padding =
      bytes.substr(digest_offset + digest_length, seal_bytes - digest_offset - digest_length);
  if (padding.find_first_not_of('\0') != std::string_view::npos ||
      bytes.substr(digest_offset, digest_length) != sha256(rest)) {
    throw InputError(path, "", "damaged: the checksum does not fit the contents");
  }
  return file;
}

}  // namespace rheobase

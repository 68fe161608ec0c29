#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rheobase {

/// What a sealed file holds.
enum class FileKind : std::uint32_t { model = 1, recording = 2, table = 3 };

/// The seal: the first 512 bytes, which HDF5 leaves to us as its user block. Little-endian:
///     0  8 bytes   "RHEOBASE"
///     8  uint32    kind
///    12  uint32    layout version
///    16  uint64    bytes behind the seal
///    24  64 bytes  SHA-256 of the bytes behind the seal, lower-case hex digits
///    88  zeros
/// It is checked before libhdf5 sees a byte, since libhdf5 may crash on a damaged file.
inline constexpr std::size_t seal_bytes = 512;

/// Writes the seal over the first 512 bytes of `file`.
void seal(std::string& file, FileKind kind, std::uint32_t version);

struct SealedFile {
  std::uint32_t version = 0;
  std::string bytes;  ///< the whole file, seal included
};

/// Reads a file whose seal holds. Throws InputError when it is something else, newer than `newest_version`,
/// cut short or damaged.
SealedFile read_sealed(const std::string& path, FileKind kind, std::uint32_t newest_version);

}  // namespace rheobase

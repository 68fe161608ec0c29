#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rheobase {

/// A file that is written whole or not at all: the bytes go to a temporary name beside `path`; commit()
/// flushes them to disk and renames. Without commit() nothing is left behind.
class AtomicFile {
 public:
  /// Throws InputError when the folder cannot be written to, or `path` is there and no regular file.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& path() const { return path_; }
  /// Where to write until commit(); exists and is empty at first.
  const std::string& temporary_path() const { return temporary_; }
  /// Throws InputError when the disk does not take the bytes or the name.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

/// True for the temporary names of AtomicFile: what a program that was killed left behind.
bool is_partial_file(std::string_view name);

/// Removes those of AtomicFile(path).
void remove_partial_files(const std::string& path);

/// Limits of read_file(): of what people write by hand, and of everything else.
inline constexpr std::uint64_t max_text_bytes = std::uint64_t{1} << 24;
inline constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 36;

/// Bytes of a regular file; throws InputError for what is none, such as a device or a pipe, before opening
/// it.
std::uint64_t regular_file_size(const std::string& path);
/// Whole contents. Throws InputError naming the file and the system's reason; before reading a byte where it
/// is no regular file or has more than `most` bytes.
std::string read_file(const std::string& path, std::uint64_t most = max_file_bytes);
/// Writes `text` through an AtomicFile.
void write_file(const std::string& path, std::string_view text);

/// SHA-256 as 64 hex digits.
std::string sha256(std::string_view bytes);
std::string sha256_of_file(const std::string& path);

}  // namespace rheobase

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/core/descriptor.h"

namespace rheobase {

/// A file that is written whole or not at all: the bytes go to a temporary name beside the file; commit()
/// flushes them to disk and renames. Without commit() nothing is left behind. Links are followed: the file
/// behind them is replaced, or made where it is not there yet. A file that is replaced hands on its
/// permissions, and its owner and group where the system lets it; a new one gets what the umask leaves.
class AtomicFile {
 public:
  /// Throws InputError when the folder cannot be written to, or when `path` is there and read-only, no
  /// regular file, or a file that was read (FileUse).
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
  std::string target_;  // behind all links
  std::string temporary_;
  Descriptor file_;  // the temporary one, locked while this lives
  mode_t mode_ = 0;  // of a new file
  bool committed_ = false;
};

/// The file that writing to `path` would change: `path` itself, or what it links to, there or not.
std::string link_target(const std::string& path);

/// Removes what AtomicFile(path) left behind in processes that were killed: files whose name carries its mark
/// and this machine's, and whose lock no process holds. Nothing where the file system has no locks.
void remove_partial_files(const std::string& path);
/// Those of every file in a folder.
void remove_partial_files_in(const std::string& folder);

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

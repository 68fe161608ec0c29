#pragma once

#include <sys/types.h>

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

/// Whole contents; throws InputError naming the file and the system's reason.
std::string read_file(const std::string& path);
/// Writes `text` through an AtomicFile.
void write_file(const std::string& path, std::string_view text);

/// SHA-256 as 64 hex digits.
std::string sha256(std::string_view bytes);
std::string sha256_of_file(const std::string& path);

}  // namespace rheobase

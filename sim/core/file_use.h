#pragma once

#include <functional>
#include <string>

#include "sim/core/error.h"

namespace rheobase {

/// An output that is a file which is read, or two outputs that are one file.
class FileClash : public InputError {
 public:
  using InputError::InputError;
};

/// While one lives, this process keeps what it writes apart from what it reads: every reader says what it
/// opens, every writer what it replaces, and the two may not meet, in whatever order they come. Files are
/// told by device and inode behind all links. The program makes one for each command; without one, as in
/// programs that embed the library, everything is allowed. Any thread may call the functions below.
class FileUse {
 public:
  /// Throws InternalError while there is another.
  FileUse();
  ~FileUse();
  FileUse(const FileUse&) = delete;
  FileUse& operator=(const FileUse&) = delete;
};

/// To be called before a file is opened for reading. Throws FileClash when it is an output.
void will_read(const std::string& path);
/// To be called with a folder that holds a data set, of which a command may read a part alone: files in it or
/// below that `is_part` says belong to the set are no outputs either. Throws FileClash when one is.
void will_read_set(const std::string& folder, const std::function<bool(const std::string& path)>& is_part);

/// Announces an output before the work that leads to it; `where` is the option or argument that names it.
/// Throws FileClash when it was read, or is another output.
void will_write(const std::string& where, const std::string& path);
/// The same for a file that the command reads and then replaces, which is no clash; nor is saying so twice.
void will_update(const std::string& where, const std::string& path);

/// To be called before a file is replaced, announced or not. Throws FileClash when it was read and not
/// announced by will_update().
void expect_not_read(const std::string& path);
/// To be called before a file goes: its inode may come back as that of another.
void forget_read(const std::string& path);

}  // namespace rheobase

#pragma once

#include <string>

#include "sim/core/descriptor.h"

namespace rheobase {

/// Holds an output against other processes of ours: a lock on a hidden file, `.NAME.rheobase-lock` beside
/// the file behind `path`, or `.rheobase-lock` in the folder `path`. It holds the process's number, and goes
/// with this object. The kernel releases the lock of a process that was killed; the hidden file then stays
/// until the output's next writer takes it over. On a file system without locks this holds nothing.
class OutputLock {
 public:
  /// Throws InputError naming the process that holds it; `where` is the option or argument behind `path`.
  OutputLock(const std::string& where, const std::string& path);
  ~OutputLock();
  OutputLock(OutputLock&& other) noexcept;
  OutputLock& operator=(OutputLock&&) = delete;
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::string file_;
  Descriptor lock_;
};

}  // namespace rheobase

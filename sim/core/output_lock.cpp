#include "sim/core/output_lock.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "sim/core/error.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

std::string lock_file_of(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return (fs::path(path) / ".rheobase-lock").string();
  const fs::path target(link_target(path));
  constexpr std::size_t longest = 200;  // so that the name stays one
  std::string name = target.filename().string();
  if (name.size() > longest) name = sha256(name);
  return (target.parent_path() / fmt::format(".{}.rheobase-lock", name)).string();
}

// One that another user's killed process left can be locked without being written to.
Descriptor open_lock_file(const std::string& path) {
  constexpr int always = O_CLOEXEC | O_NOFOLLOW;
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | always, 0666));
  if (!file.is_open() && errno == EACCES) file = Descriptor(::open(path.c_str(), O_RDONLY | always));
  return file;
}

// Its holder may have removed it between our opening and our locking.
bool is_still_there(const Descriptor& file, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file.get(), &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool write_number(const Descriptor& file) {
  const std::string text = fmt::format("{}\n", ::getpid());
  return ::ftruncate(file.get(), 0) == 0 &&
         ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

// Empty while it is not written yet.
std::string read_number(const Descriptor& file) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  const std::string number(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return number.substr(0, number.find_first_not_of("0123456789"));
}

}  // namespace

OutputLock::OutputLock(const std::string& where, const std::string& path) : file_(lock_file_of(path)) {
  for (;;) {
    lock_ = open_lock_file(file_);
    if (!lock_.is_open())
      throw InputError(path, where, fmt::format("cannot create {}: {}", file_, std::strerror(errno)));
    const LockAttempt attempt = try_lock(lock_);
    if (attempt == LockAttempt::held_by_another) {
      const std::string number = read_number(lock_);
      throw InputError(path, where,
                       fmt::format("is being written by {}; wait for it, or give another name",
                                   number.empty() ? "another process" : "process " + number));
    }
    if (attempt == LockAttempt::not_supported) {
      ::unlink(file_.c_str());
      lock_ = Descriptor();
      return;
    }
    if (!is_still_there(lock_, file_)) continue;
    if (write_number(lock_)) return;
    const std::string reason = std::strerror(errno);
    const bool foreign = (::fcntl(lock_.get(), F_GETFL) & O_ACCMODE) == O_RDONLY;
    if (::unlink(file_.c_str()) == 0 && foreign) continue;
    throw InputError(path, where, fmt::format("cannot write {}: {}", file_, reason));
  }
}

OutputLock::OutputLock(OutputLock&& other) noexcept
    : file_(std::move(other.file_)), lock_(std::move(other.lock_)) {}

// Removed while still locked: whoever opened it meanwhile sees that it is gone.
OutputLock::~OutputLock() {
  if (lock_.is_open()) ::unlink(file_.c_str());
}

}  // namespace rheobase

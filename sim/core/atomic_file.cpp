#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

// A temporary name is NAME, the mark, the host, a hyphen, the process, a hyphen and letters that mkostemp()
// drew: nobody else's files are called so.
constexpr std::string_view partial_mark = ".rheobase-partial-";
constexpr std::size_t host_letters = 8;
constexpr std::size_t drawn_letters = 6;
constexpr std::size_t longest_name = 180;  // bytes of NAME; system's limit is 255 for all

[[noreturn]] void throw_system_error(const std::string& path, const std::string& action) {
  throw InputError(path, "cannot " + action, std::strerror(errno));
}

// Whether a process lives can be told on its own machine only.
std::string host_mark() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return sha256(name.data()).substr(0, host_letters);
}

std::string partial_start(const std::string& name) {
  return name.substr(0, longest_name) + std::string(partial_mark);
}

bool is_all(std::string_view text, bool (*fits)(char)) { return std::all_of(text.begin(), text.end(), fits); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter_or_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Of any AtomicFile on this machine.
bool is_partial_name(std::string_view name) {
  const std::size_t mark = name.rfind(partial_mark);
  if (mark == std::string_view::npos || mark == 0) return false;
  const std::string_view rest = name.substr(mark + partial_mark.size());
  if (!rest.starts_with(host_mark() + "-")) return false;
  const std::string_view numbers = rest.substr(host_letters + 1);
  const std::size_t hyphen = numbers.find('-');
  return hyphen != std::string_view::npos && hyphen > 0 && is_all(numbers.substr(0, hyphen), is_digit) &&
         numbers.size() == hyphen + 1 + drawn_letters &&
         is_all(numbers.substr(hyphen + 1), is_letter_or_digit);
}

// The lock of a file that is still being written cannot be had.
void remove_if_dead(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return;
  if (try_lock(file) == LockAttempt::taken) ::unlink(path.c_str());
}

template <class Chosen>
void remove_partial_files_where(const fs::path& folder, const Chosen& chosen) {
  std::vector<std::string> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, none)) {
    const std::string name = entry.path().filename().string();
    if (is_partial_name(name) && chosen(name)) found.push_back(entry.path().string());
  }
  for (const std::string& path : found) remove_if_dead(path);
}

// Creates a file of a new name and locks it, unless the file system has no locks. One that looks for
// leftovers may come in between and take the file for dead: then the next.
Descriptor create_locked(std::string& name) {
  const std::string pattern = name;
  for (;;) {
    name = pattern;
    Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.is_open()) return file;
    struct stat made {};
    if (try_lock(file) != LockAttempt::held_by_another && ::fstat(file.get(), &made) == 0 &&
        made.st_nlink > 0)
      return file;
  }
}

// What the file that is replaced allowed to whom, as far as the system lets us. Its group's rights are not
// handed to another group.
bool take_over_rights(const Descriptor& file, const struct stat& from) {
  mode_t mode = from.st_mode & 07777;
  if (::fchown(file.get(), from.st_uid, from.st_gid) != 0 &&
      ::fchown(file.get(), static_cast<uid_t>(-1), from.st_gid) != 0) {
    mode &= ~static_cast<mode_t>(S_IRWXG | S_ISGID);
  }
  return ::fchmod(file.get(), mode) == 0;
}

}  // namespace

std::string link_target(const std::string& path) {
  constexpr int most_links = 40;  // the system follows no more
  fs::path at(path);
  std::error_code none;
  for (int links = 0; links < most_links && fs::is_symlink(fs::symlink_status(at, none)); ++links)
    at = at.parent_path() / fs::read_symlink(at, none);  // an absolute one stands for itself
  return at.string();
}

void remove_partial_files(const std::string& path) {
  const fs::path target(link_target(path));
  const std::string start = partial_start(target.filename().string());
  remove_partial_files_where(target.parent_path(),
                             [&](const std::string& name) { return name.starts_with(start); });
}

void remove_partial_files_in(const std::string& folder) {
  remove_partial_files_where(folder, [](const std::string&) { return true; });
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(link_target(path_)) {
  struct stat existing {};
  if (::stat(target_.c_str(), &existing) == 0) {
    // The rename would replace a device, fail on a folder after all the work, or get round a write
    // protection.
    if (!S_ISREG(existing.st_mode)) throw InputError(path_, "cannot write", "is not a regular file");
    if (::faccessat(AT_FDCWD, target_.c_str(), W_OK, AT_EACCESS) != 0) throw_system_error(path_, "write");
    expect_not_read(path_);
  } else if (errno != ENOENT) {
    throw_system_error(path_, "create");
  }
  const fs::path place(target_);
  temporary_ = (place.parent_path() / fmt::format("{}{}-{}-XXXXXX", partial_start(place.filename().string()),
                                                  host_mark(), ::getpid()))
                   .string();
  file_ = create_locked(temporary_);
  if (!file_.is_open()) throw_system_error(path_, target_ == path_ ? "create" : "create " + target_);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  mode_ = 0666 & ~mask;
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  struct stat existing {};
  const bool replaces = ::stat(target_.c_str(), &existing) == 0;
  const bool set = replaces ? take_over_rights(file_, existing) : ::fchmod(file_.get(), mode_) == 0;
  if (!set) throw_system_error(path_, "set permissions of");
  if (::fsync(file_.get()) != 0) throw_system_error(path_, "write");
  forget_read(target_);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw_system_error(path_, "rename to");
  committed_ = true;
}

}  // namespace rheobase

#include "sim/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::string_view partial_mark = ".partial-";

[[noreturn]] void throw_system_error(const std::string& path, const char* action) {
  throw InputError(path, fmt::format("cannot {}", action), std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Calls sink(bytes) on consecutive blocks of a regular file.
template <class Sink>
void for_blocks(const std::string& path, const Sink& sink) {
  regular_file_size(path);  // refuses what would never end
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_system_error(path, "open");
  std::vector<char> block(1 << 20);
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error(path, "read");
    if (got == 0) return;
    sink(std::string_view(block.data(), static_cast<std::size_t>(got)));
  }
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw InternalError("SHA-256 is not available");
    }
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    std::string text;
    for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest.at(i));
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

bool is_partial_file(std::string_view name) {
  constexpr std::size_t drawn = 6;  // letters that mkstemp() chose
  return name.size() > partial_mark.size() + drawn &&
         name.substr(name.size() - drawn - partial_mark.size(), partial_mark.size()) == partial_mark;
}

void remove_partial_files(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string name = fs::path(path).filename().string();
  const fs::path folder = fs::path(path).parent_path();
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, none)) {
    const std::string other = entry.path().filename().string();
    if (is_partial_file(other) && other.starts_with(name + std::string(partial_mark)))
      found.push_back(entry.path());
  }
  for (const fs::path& file : found) fs::remove(file, none);
}

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), temporary_(path_ + std::string(partial_mark) + "XXXXXX") {
  // The rename would replace a device or fail on a folder after all the work.
  struct stat existing {};
  if (::stat(path_.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode)) {
    throw InputError(path_, "cannot write", "is not a regular file");
  }
  const Descriptor file(::mkstemp(temporary_.data()));
  if (file.get() < 0) throw_system_error(path_, "create");
  // mkstemp makes the file private; give it what a plain open() would have.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file.get(), 0666 & ~mask) != 0) {
    ::unlink(temporary_.c_str());
    throw_system_error(path_, "set permissions of");
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  const Descriptor file(::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0) throw_system_error(path_, "write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_system_error(path_, "rename to");
  committed_ = true;
}

std::uint64_t regular_file_size(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) throw_system_error(path, "open");
  if (S_ISDIR(found.st_mode)) throw InputError(path, "cannot read", "is a folder");
  if (!S_ISREG(found.st_mode)) throw InputError(path, "cannot read", "is not a regular file");
  return static_cast<std::uint64_t>(found.st_size);
}

std::string read_file(const std::string& path, std::uint64_t most) {
  const std::uint64_t size = regular_file_size(path);
  if (size > most)
    throw InputError(path, "", fmt::format("has {} bytes, at most {} are read of such a file", size, most));
  std::string text;
  text.reserve(size);
  for_blocks(path, [&](std::string_view block) { text.append(block); });
  return text;
}

void write_file(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  {
    const Descriptor out(::open(file.temporary_path().c_str(), O_WRONLY | O_CLOEXEC));
    if (out.get() < 0) throw_system_error(path, "open");
    while (!text.empty()) {
      const ssize_t put = ::write(out.get(), text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) throw_system_error(path, "write");
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  file.commit();
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string sha256_of_file(const std::string& path) {
  Sha256 digest;
  for_blocks(path, [&](std::string_view block) { digest.add(block); });
  return digest.hex();
}

}  // namespace rheobase

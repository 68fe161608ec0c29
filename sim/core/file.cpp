#include "sim/core/file.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

[[noreturn]] void throw_system_error(const std::string& path, const char* action) {
  throw InputError(path, fmt::format("cannot {}", action), std::strerror(errno));
}

// Calls sink(bytes) on consecutive blocks of a regular file.
template <class Sink>
void for_blocks(const std::string& path, const Sink& sink) {
  regular_file_size(path);  // refuses what would never end
  will_read(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw_system_error(path, "open");
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
    if (!out.is_open()) throw_system_error(path, "open");
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

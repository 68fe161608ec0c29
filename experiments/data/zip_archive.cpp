#include "experiments/data/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

// Deflate makes of a byte at most 1032.
constexpr std::uint64_t most_unpacked = 1032;

zip_t* archive_of(void* pointer) { return static_cast<zip_t*>(pointer); }
zip_file_t* file_of(void* pointer) { return static_cast<zip_file_t*>(pointer); }

std::string why_unreadable(const zip_stat_t& found, std::uint64_t archive_bytes) {
  const bool stored = found.comp_method == ZIP_CM_STORE;
  if (found.encryption_method != ZIP_EM_NONE) return "is encrypted";
  if (!stored && found.comp_method != ZIP_CM_DEFLATE)
    return fmt::format("is compressed by method {}, expected stored or deflated", found.comp_method);
  if (found.comp_size > archive_bytes)
    return fmt::format("has {} bytes in an archive of {}", found.comp_size, archive_bytes);
  if (stored ? found.size != found.comp_size : found.size / most_unpacked > found.comp_size)
    return fmt::format("has {} bytes packed into {}, which cannot be", found.size, found.comp_size);
  return "";
}

}  // namespace

void ZipArchive::Close::operator()(void* archive) const { zip_discard(archive_of(archive)); }
void ZipMember::Close::operator()(void* file) const { zip_fclose(file_of(file)); }

ZipArchive::ZipArchive(std::string path) : path_(std::move(path)) {
  const std::uint64_t bytes = regular_file_size(path_);
  will_read(path_);
  int code = 0;
  archive_.reset(zip_open(path_.c_str(), ZIP_RDONLY, &code));
  if (!archive_) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw InputError(path_, "", fmt::format("cannot be read as a zip archive: {}", reason));
  }
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive_of(archive_.get()), 0));
  for (std::uint64_t index = 0; index < count; ++index) {
    zip_stat_t found;
    zip_stat_init(&found);
    constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(archive_of(archive_.get()), index, 0, &found) != 0 || (found.valid & needed) != needed)
      continue;
    entries_.push_back({found.name, index, found.size, found.comp_size, found.comp_method == ZIP_CM_STORE,
                        why_unreadable(found, bytes)});
  }
}

ZipMember::ZipMember(const ZipArchive& archive, const ZipEntry& entry)
    : archive_(archive.path()), entry_(entry) {
  if (!entry.unreadable.empty()) refuse(entry.unreadable);
  zip_t* const from = archive_of(archive.archive_.get());
  file_.reset(zip_fopen_index(from, entry.index, 0));
  if (!file_) refuse(zip_strerror(from));
}

void ZipMember::read(std::span<std::uint8_t> to) {
  while (!to.empty()) {
    const zip_int64_t got = zip_fread(file_of(file_.get()), to.data(), to.size());
    if (got < 0) refuse(std::string("damaged: ") + zip_file_strerror(file_of(file_.get())));
    if (got == 0) refuse("cut short");
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

void ZipMember::expect_end() {
  std::uint8_t next = 0;
  const zip_int64_t got = zip_fread(file_of(file_.get()), &next, 1);
  if (got < 0) refuse(std::string("damaged: ") + zip_file_strerror(file_of(file_.get())));
  if (got > 0) refuse("has more bytes than the archive says");
}

void ZipMember::seek(std::uint64_t offset) {
  if (zip_fseek(file_of(file_.get()), static_cast<zip_int64_t>(offset), SEEK_SET) != 0)
    refuse(std::string("damaged: ") + zip_file_strerror(file_of(file_.get())));
}

void ZipMember::refuse(const std::string& what) const { throw InputError(archive_, entry_.name, what); }

}  // namespace rheobase

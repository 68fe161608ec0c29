#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {

/// What an archive says of a file in it.
struct ZipEntry {
  std::string name;
  std::uint64_t index = 0;
  std::uint64_t bytes = 0;   ///< unpacked
  std::uint64_t packed = 0;  ///< as it lies in the archive
  bool stored = false;       ///< not compressed: any part of it can be read
  std::string unreadable;    ///< why it cannot be read; empty where it can
};

class ZipArchive;

/// A file in an archive, open for reading. The archive outlives it.
class ZipMember {
 public:
  ZipMember(const ZipArchive& archive, const ZipEntry& entry);

  const ZipEntry& entry() const { return entry_; }
  /// The next bytes, all that `to` has room for. At the end libzip checks the sum over a member that was read
  /// from its beginning. Throws InputError naming archive and member where they are damaged or not there.
  void read(std::span<std::uint8_t> to);
  /// That nothing is left, and the checksum.
  void expect_end();
  /// Of a member that is stored: where to read next.
  void seek(std::uint64_t offset);

 private:
  struct Close {
    void operator()(void* file) const;
  };
  [[noreturn]] void refuse(const std::string& what) const;

  std::string archive_;  // its name
  ZipEntry entry_;
  std::unique_ptr<void, Close> file_;
};

/// A zip file, by libzip, which zip_archive.cpp alone names. Its directory was read and is sound.
class ZipArchive {
 public:
  /// Throws InputError for what is no zip file.
  explicit ZipArchive(std::string path);

  const std::string& path() const { return path_; }
  const std::vector<ZipEntry>& entries() const { return entries_; }

 private:
  friend class ZipMember;
  struct Close {
    void operator()(void* archive) const;
  };

  std::string path_;
  std::unique_ptr<void, Close> archive_;
  std::vector<ZipEntry> entries_;
};

}  // namespace rheobase

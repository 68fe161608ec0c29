#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {

/// A table of a TOML file; copies share it. toml_reader.cpp alone knows the library that parses.
class TomlTable {
 public:
  struct Content;

  TomlTable();  ///< an empty one
  explicit TomlTable(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  const Content& content() const { return *content_; }

 private:
  std::shared_ptr<const Content> content_;
};

/// Throws InputError naming the file, and the line of a mistake.
TomlTable read_toml(const std::string& path);

/// Reads one table; what is wrong goes to the faults, under `where` and the key.
class TomlReader {
 public:
  TomlReader(TomlTable table, std::string where, std::vector<Fault>& faults)
      : table_(std::move(table)), where_(std::move(where)), faults_(faults) {}

  /// T: std::string, double, std::int64_t or bool. None where the key is absent or of another type.
  template <class T>
  std::optional<T> value(const char* key);
  /// One value or a list of them. T: std::string, double or std::int64_t.
  template <class T>
  std::vector<T> list(const char* key);
  /// The tables [[key]]; none where the key is absent.
  std::vector<TomlTable> tables(const char* key);
  /// A table of its own; an empty one where the key is absent.
  TomlTable table(const char* key);

  /// Call when every known key has been read.
  void refuse_others();
  void fault(const std::string& key, const std::string& what) { faults_.push_back({where_ + key, what}); }
  void expect_one_of(const char* key, const std::vector<std::string>& values,
                     const std::vector<std::string>& choices);

 private:
  TomlTable table_;
  std::string where_;
  std::vector<Fault>& faults_;
  std::set<std::string> known_;
};

template <class T>
std::vector<T> or_default(std::vector<T> values, std::vector<T> otherwise) {
  return values.empty() ? std::move(otherwise) : std::move(values);
}

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rheobase {

/// Version of the layout: every column is a dataset of rank 1 at the root, all of one length
/// (docs/reference/sweep.md).
inline constexpr int table_file_version = 1;

/// Named columns of equal length.
struct Table {
  using Values = std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;
  struct Column {
    std::string name;
    Values values;
  };
  std::vector<Column> columns;

  std::size_t rows() const;  ///< 0 without columns
};

/// Writes the whole file or nothing; the same table gives the same bytes. Throws InputError when the disk
/// refuses or a text holds a NUL character, InternalError when columns differ in length.
void write_table(const Table& table, const std::string& path);

}  // namespace rheobase

#include "sim/format/table_file.h"

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/sealed_file.h"
#include "sim/hdf5/entry.h"

namespace rheobase {
namespace {

std::size_t length(const Table::Values& values) {
  return std::visit([](const auto& column) { return column.size(); }, values);
}

struct ColumnWriter {
  hid_t file;
  const std::string& name;

  void operator()(const std::vector<std::int64_t>& values) const {
    put(values.size(), H5T_STD_I64LE, H5T_NATIVE_INT64, values.data());
  }
  void operator()(const std::vector<double>& values) const {
    put(values.size(), H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& text : values) {
      if (!hdf5::storable_text(text)) throw InputError(name, "", "a text with a NUL character");
    }
    hdf5::write_texts(file, name, values);
  }

  void put(std::size_t size, hid_t stored, hid_t type, const void* values) const {
    hdf5::write_dataset(file, name, {static_cast<std::int64_t>(size)}, stored, type, values);
  }
};

}  // namespace

std::size_t Table::rows() const { return columns.empty() ? 0 : length(columns.front().values); }

void write_table(const Table& table, const std::string& path) {
  std::string bytes;
  {
    const hdf5::Session session;
    hdf5::MemoryFile file(seal_bytes);
    std::vector<std::string> names;
    for (const Table::Column& column : table.columns) {
      if (length(column.values) != table.rows()) throw InternalError("columns of a table differ in length");
      std::visit(ColumnWriter{file.id(), column.name}, column.values);
      names.push_back(column.name);
    }
    hdf5::write_attribute(file.id(), "columns", names);
    bytes = file.finish();
  }
  seal(bytes, FileKind::table, table_file_version);
  write_file(path, bytes);
}

}  // namespace rheobase

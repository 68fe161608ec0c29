#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "converters/nir/file/nir_graph.h"
#include "converters/nir/file/text_heap.h"
#include "sim/graph/op_schema.h"
#include "sim/hdf5/entry_reader.h"

namespace rheobase::nir {

/// Reads datasets of numbers and texts of any width and order of bytes, checked against the bytes that the
/// file has: a dataset is charged what it takes there, so that one that many links lead to is charged each
/// time.
class ValueReader {
 public:
  /// `file` are the file's bytes, and outlive the reader.
  ValueReader(std::string_view file, Faults& faults) : left_(file.size()), heap_(file), faults_(faults) {}

  /// A member that must be a dataset; nothing where there was a fault.
  std::optional<Value> value(const hdf5::Place& group, const std::string& name);

 private:
  std::optional<Value> read(const hdf5::Place& place);
  /// The extents of what lies in the file.
  std::optional<Shape> contents(const hdf5::Place& place, std::uint64_t element_bytes);
  bool sound_chunks(const hdf5::Place& place, hid_t layout, std::uint64_t bytes);
  bool sound_filters(const hdf5::Place& place, hid_t layout);
  std::optional<Value> texts(const hdf5::Place& place, hid_t type, Shape shape);
  std::nullopt_t fault(const std::string& where, const std::string& what);

  std::uint64_t left_;  ///< bytes of the file that no dataset was charged for
  TextHeap heap_;
  Faults& faults_;
};

}  // namespace rheobase::nir

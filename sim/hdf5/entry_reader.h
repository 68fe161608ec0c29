#pragma once

// Reads entries with care: a file may hold anything.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/graph/graph.h"
#include "sim/hdf5/entry.h"

namespace rheobase::hdf5 {

/// An HDF5 object and its path for messages.
struct Place {
  hid_t id = H5I_INVALID_HID;
  std::string path;

  std::string child(const std::string& name) const { return (path == "/" ? "" : path) + "/" + name; }
};

/// Reads entries of one file. What is wrong goes to `faults`, and the entry is then nothing. The bytes of all
/// entries together may not exceed the file's, so that no file makes us allocate more than a small multiple
/// of itself.
class EntryReader {
 public:
  EntryReader(std::uint64_t file_bytes, std::vector<Fault>& faults) : left_(file_bytes), faults_(faults) {}

  std::vector<std::string> attribute_names(const Place& place);
  /// Names of the members of a group, sorted.
  std::vector<std::string> member_names(const Place& group);
  bool has_attribute(const Place& place, const std::string& name);
  bool has_member(const Place& group, const std::string& name);
  /// A fault for every attribute and member that is not named.
  void refuse_others(const Place& place, const std::set<std::string>& attributes,
                     const std::set<std::string>& members);

  /// A member that must exist; hard links only, since others lead out of the file.
  std::optional<Group> group(const Place& parent, const std::string& name);

  std::optional<Entry> entry(const Place& place, const std::string& name);
  /// An attribute that must exist and be a T.
  template <class T>
  std::optional<T> attribute(const Place& place, const std::string& name);
  /// As attribute(), with an empty T where there was a fault.
  template <class T>
  T attribute_or_empty(const Place& place, const std::string& name) {
    return attribute<T>(place, name).value_or(T{});
  }

  /// A dataset of float32, int8, int16 (held as int32) or int32, or of bits that stand for -1 and 1,
  /// contiguous and inside the file.
  std::optional<Tensor> tensor(const Place& group, const std::string& name);
  /// A dataset of exactly this type and shape. `expansion`: how many bytes a stored byte may stand for, 1
  /// unless the dataset may be compressed.
  template <class T>
  std::vector<T> values(const Place& group, const std::string& name, const Shape& shape,
                        std::uint64_t expansion = 1);

 private:
  std::optional<Dataset> dataset(const Place& group, const std::string& name);
  std::optional<Shape> contents_shape(const Place& place, hid_t type, std::uint64_t expansion);
  template <class T, class Held>
  std::optional<Tensor> tensor_of(const Place& place);
  std::optional<Tensor> tensor_of_bits(const Place& place);
  bool is_hard_link(const Place& parent, const std::string& name);
  bool spend(std::uint64_t count, std::uint64_t size, std::uint64_t expansion = 1);
  std::nullopt_t fault(const std::string& where, const std::string& what);
  template <class Read>
  auto guarded(const std::string& where, const Read& read) -> decltype(read());

  std::uint64_t left_;
  std::vector<Fault>& faults_;
};

template <class T>
std::optional<T> EntryReader::attribute(const Place& place, const std::string& name) {
  const std::optional<Entry> found = entry(place, name);
  if (!found) return std::nullopt;
  if (const T* const value = std::get_if<T>(&*found)) return *value;
  return fault(place.child(name),
               std::string("is ") + type_name(*found) + ", expected " + type_name(Entry(T{})));
}

}  // namespace rheobase::hdf5

#include "experiments/data/flat_buffer.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "experiments/data/byte_stream.h"

namespace rheobase {
namespace {

constexpr std::size_t identifier_at = 4, identifier_bytes = 4;

std::span<const std::uint8_t> part(std::span<const std::uint8_t> bytes, std::uint64_t at,
                                   std::uint64_t count) {
  if (at > bytes.size() || count > bytes.size() - at) throw std::runtime_error("is damaged: it is cut short");
  return bytes.subspan(at, count);
}

std::uint64_t unsigned_at(std::span<const std::uint8_t> bytes, std::uint64_t at, std::size_t width) {
  return little_endian(part(bytes, at, width));
}

}  // namespace

FlatTable::FlatTable(std::span<const std::uint8_t> bytes, std::string_view identifier) : bytes_(bytes) {
  const auto found = part(bytes, identifier_at, identifier_bytes);
  if (!std::equal(found.begin(), found.end(), identifier.begin(), identifier.end(),
                  [](std::uint8_t one, char other) { return one == static_cast<std::uint8_t>(other); }))
    throw std::runtime_error("is damaged: it does not say that it is " + std::string(identifier));
  table_ = unsigned_at(bytes, 0, 4);
  part(bytes, table_, 4);
}

// A table says how far before it the places of its fields are listed: 2 bytes for the list's own size, 2 for
// the table's, then 2 a field.
std::size_t FlatTable::place(std::size_t field) const {
  const std::int64_t back = signed_little_endian(part(bytes_, table_, 4));
  const std::int64_t fields = static_cast<std::int64_t>(table_) - back;
  if (fields < 0) throw std::runtime_error("is damaged: a table lists its fields before the beginning");
  const auto at = static_cast<std::uint64_t>(fields);
  const std::uint64_t entry = 4 + 2 * field;
  if (entry + 2 > unsigned_at(bytes_, at, 2)) return 0;
  const std::uint64_t offset = unsigned_at(bytes_, at + entry, 2);
  return offset == 0 ? 0 : table_ + offset;
}

std::int64_t FlatTable::integer(std::size_t field, std::size_t width, std::int64_t otherwise) const {
  const std::size_t at = place(field);
  return at == 0 ? otherwise : signed_little_endian(part(bytes_, at, width));
}

std::span<const std::uint8_t> FlatTable::list(std::size_t field, std::size_t width) const {
  const std::size_t at = place(field);
  if (at == 0) return {};
  const std::uint64_t start = at + unsigned_at(bytes_, at, 4);
  return part(bytes_, start + 4, unsigned_at(bytes_, start, 4) * width);
}

}  // namespace rheobase

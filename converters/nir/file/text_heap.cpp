#include "converters/nir/file/text_heap.h"

#include <algorithm>

namespace rheobase::nir {
namespace {

constexpr std::uint64_t header_bytes =
    16;  // of a heap: "GCOL", version, its size; of an object: number, size

}  // namespace

// Little endian; the caller knows that the file holds it.
std::uint64_t TextHeap::number(std::uint64_t position, int width) const {
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes_[position + i]);
  return value;
}

// False where an object reaches beyond its heap.
bool TextHeap::scan(std::uint64_t begin, std::uint64_t end, Objects& found) const {
  while (end - begin >= header_bytes) {
    const std::uint64_t index = number(begin, 2);
    if (index == 0) return true;  // the rest is free
    const std::uint64_t size = number(begin + 8, 8);
    begin += header_bytes;
    if (size > end - begin) return false;
    found.emplace(index, bytes_.substr(begin, size));
    begin += std::min(end - begin, (size + 7) / 8 * 8);
  }
  return true;
}

const TextHeap::Objects* TextHeap::objects(std::uint64_t address) {
  const auto known = heaps_.find(address);
  if (known != heaps_.end()) return &known->second;
  if (!holds(address, header_bytes) || bytes_.substr(address, 4) != "GCOL" || bytes_[address + 4] != 1)
    return nullptr;
  const std::uint64_t size = number(address + 8, 8);
  if (size < header_bytes || size > scan_left_ || !holds(address, size)) return nullptr;
  scan_left_ -= size;
  Objects found;
  if (!scan(address + header_bytes, address + size, found)) return nullptr;
  return &heaps_.emplace(address, std::move(found)).first->second;
}

std::optional<std::string> TextHeap::text(std::uint64_t position) {
  if (!holds(position, reference_bytes)) return std::nullopt;
  const std::uint64_t length = number(position, 4);
  if (length == 0) return "";
  const Objects* heap = objects(number(position + 4, 8));
  if (heap == nullptr) return std::nullopt;
  const auto object = heap->find(number(position + 12, 4));
  if (object == heap->end() || length > object->second.size() || length > text_left_) return std::nullopt;
  text_left_ -= length;
  const std::string_view text = object->second.substr(0, length);
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace rheobase::nir

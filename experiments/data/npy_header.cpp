#include "experiments/data/npy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <set>
#include <stdexcept>

namespace rheobase {
namespace {

constexpr std::size_t max_rank = 32;

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error(what); }

// The words of a Python dictionary, of those that NumPy writes.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  // Whether `word` comes next, which is then passed.
  bool take(std::string_view word) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) refuse(fmt::format("the header has '{}' where '{}' is expected", start(), word));
  }
  std::string quoted() {
    const char quote = take("'") ? '\'' : '"';
    if (quote == '"') expect("\"");
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) refuse("the header ends in a name");
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return word;
  }
  std::uint64_t number() {
    take("");
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) refuse(fmt::format("the header has '{}' where an extent is expected", start()));
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    take("L");  // of Python 2
    return value;
  }
  bool ended() {
    take("");
    return rest_.empty();
  }

 private:
  std::string start() const {
    std::string word(rest_.substr(0, 12));
    for (char& c : word) c = c < ' ' || c > '~' ? '?' : c;
    return word;
  }
  std::string_view rest_;
};

void read_type(Words& words, NpyHeader& header) {
  if (words.take("[")) refuse("is an array of structures: save the fields as arrays of their own");
  const std::string type = words.quoted();
  const bool ordered = !type.empty() && std::string_view("<>|=").find(type.front()) != std::string_view::npos;
  const std::string_view word = std::string_view(type).substr(ordered ? 1 : 0);
  if (word.starts_with('O')) refuse("holds Python objects (pickles), which are not read: save it as numbers");
  const auto* const end = word.data() + word.size();
  if (word.empty() || std::from_chars(word.data() + 1, end, header.value_bytes).ptr != end)
    refuse(fmt::format("type '{}' is not known", type));
  header.kind = word.front();
  if (header.kind == 'U') header.value_bytes *= 4;  // of text, counted in characters
  header.big_endian = type.front() == '>';
}

void read_shape(Words& words, NpyHeader& header) {
  words.expect("(");
  while (!words.take(")")) {
    if (header.extents.size() == max_rank) refuse(fmt::format("has more than {} axes", max_rank));
    header.extents.push_back(words.number());
    if (!words.take(",")) {
      words.expect(")");
      return;
    }
  }
}

std::uint64_t bits(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k) {
  const auto size = static_cast<std::size_t>(header.value_bytes);
  const auto value = bytes.subspan(k * size, size);
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < size; ++i)
    result |= std::uint64_t{value[i]} << 8 * (header.big_endian ? size - 1 - i : i);
  return result;
}

}  // namespace

std::uint64_t NpyHeader::data_bytes(std::uint64_t most) const {
  if (std::find(extents.begin(), extents.end(), 0) != extents.end()) return 0;
  auto bytes = static_cast<std::uint64_t>(value_bytes);
  for (const std::uint64_t extent : extents) {
    if (bytes != 0 && extent > most / bytes) return most;
    bytes *= extent;
  }
  return std::min(bytes, most);
}

NpyPrefix parse_npy_prefix(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < npy_prefix_bytes + 2 ||
      !std::equal(magic.begin(), magic.end(), bytes.begin(),
                  [](char one, std::uint8_t other) { return static_cast<std::uint8_t>(one) == other; }))
    refuse("is no NumPy array");
  const int version = bytes[6];
  if (version < 1 || version > 3)
    refuse(fmt::format("has version {} of NumPy's format, known are 1 to 3", version));
  NpyPrefix prefix;
  prefix.text_at = version == 1 ? npy_prefix_bytes : npy_prefix_bytes + 2;
  for (std::size_t i = prefix.text_at; i > 8; --i) prefix.text_bytes = prefix.text_bytes << 8 | bytes[i - 1];
  if (prefix.text_bytes > max_npy_header_bytes)
    refuse(fmt::format("has a header of {} bytes, at most {} are read", prefix.text_bytes,
                       max_npy_header_bytes));
  return prefix;
}

NpyHeader parse_npy_header(std::string_view text) {
  Words words(text);
  NpyHeader header;
  std::set<std::string> seen;
  words.expect("{");
  while (!words.take("}")) {
    const std::string key = words.quoted();
    if (!seen.insert(key).second) refuse(fmt::format("the header names '{}' twice", key));
    words.expect(":");
    if (key == "descr") {
      read_type(words, header);
    } else if (key == "fortran_order") {
      if (words.take("True")) refuse("is in Fortran order: save numpy.ascontiguousarray() of it");
      words.expect("False");
    } else if (key == "shape") {
      read_shape(words, header);
    } else {
      refuse("the header has an unknown key");
    }
    if (!words.take(",")) {
      words.expect("}");
      break;
    }
  }
  if (seen.size() != 3 || !words.ended()) refuse("the header has not the three keys of NumPy's format");
  return header;
}

std::int64_t npy_integer(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k) {
  const std::uint64_t value = bits(header, bytes, k);
  if (header.kind == 'u')
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
  const int unused = 64 - 8 * header.value_bytes;  // the sign moves to the top and back
  return static_cast<std::int64_t>(value << unused) >> unused;
}

double npy_double(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k) {
  const std::uint64_t value = bits(header, bytes, k);
  if (header.value_bytes == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(value));
  return std::bit_cast<double>(value);
}

float npy_real(const NpyHeader& header, std::span<const std::uint8_t> bytes, std::size_t k) {
  return static_cast<float>(npy_double(header, bytes, k));
}

}  // namespace rheobase

#include "experiments/data/prophesee_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "experiments/data/event_formats.h"
#include "experiments/data/spec_items.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::size_t max_header_bytes = 1 << 16;
constexpr std::string_view line_start = "% ";
constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::optional<ImageSize> size_of(const std::optional<std::string>& height,
                                 const std::optional<std::string>& width) {
  if (!height || !width) return std::nullopt;
  const auto rows = positive_number(*height, max_sensor_edge),
             columns = positive_number(*width, max_sensor_edge);
  if (!rows || !columns) return std::nullopt;
  return ImageSize{*rows, *columns};
}

}  // namespace

PropheseeHeader::PropheseeHeader(ByteStream& file) {
  std::string bytes(std::min<std::uint64_t>(file.size(), max_header_bytes), '\0');
  bytes.resize(file.read({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}).size());
  const std::string_view text(bytes);
  std::size_t at = 0;
  while (text.substr(at).starts_with(line_start)) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos)
      throw InputError(file.path(), "",
                       file.size() > bytes.size()
                           ? fmt::format("has a header of more than {} bytes", max_header_bytes)
                           : "is cut short: its header ends in a line");
    const std::string_view line = trimmed(text.substr(at + line_start.size(), end - at - line_start.size()));
    at = end + 1;
    const std::string_view keyword = line.substr(0, line.find_first_of(blanks));
    if (keyword == "end") break;
    lines_.emplace_back(lower(keyword), trimmed(line.substr(keyword.size())));
  }
  file.seek(at);
}

std::optional<std::string> PropheseeHeader::value(const std::string& keyword) const {
  const auto found =
      std::find_if(lines_.rbegin(), lines_.rend(), [&](const auto& line) { return line.first == keyword; });
  return found == lines_.rend() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> PropheseeHeader::format_value(const std::string& name) const {
  const auto format = value("format");
  if (!format) return std::nullopt;
  std::string_view rest = *format;
  if (name.empty()) return std::string(trimmed(rest.substr(0, rest.find(';'))));
  while (rest.find(';') != std::string_view::npos) {
    rest.remove_prefix(rest.find(';') + 1);
    const std::string_view item = trimmed(rest.substr(0, rest.find(';')));
    if (item.starts_with(name + "=")) return std::string(item.substr(name.size() + 1));
  }
  return std::nullopt;
}

std::optional<ImageSize> PropheseeHeader::sensor() const {
  const std::string geometry = value("geometry").value_or("");
  if (const std::size_t cross = geometry.find('x'); cross != std::string::npos) {
    const auto size = size_of(geometry.substr(cross + 1), geometry.substr(0, cross));
    if (size) return size;
  }
  const auto size = size_of(format_value("height"), format_value("width"));
  return size ? size : size_of(value("height"), value("width"));
}

}  // namespace rheobase

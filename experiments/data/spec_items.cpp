#include "experiments/data/spec_items.h"

#include <charconv>

namespace rheobase {

std::optional<std::pair<std::string, std::string>> take_item(std::string& place,
                                                             std::initializer_list<const char*> names) {
  const std::size_t comma = place.rfind(',');
  if (comma == std::string::npos) return std::nullopt;
  for (const std::string name : names) {
    if (place.compare(comma + 1, name.size() + 1, name + "=") != 0) continue;
    const std::string value = place.substr(comma + name.size() + 2);
    place.resize(comma);
    return std::pair(name, value);
  }
  return std::nullopt;
}

std::optional<std::int64_t> positive_number(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > most)
    return std::nullopt;
  return number;
}

}  // namespace rheobase

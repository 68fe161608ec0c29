#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rheobase {

/// Takes `,NAME=VALUE` from the end of `place`, where one of these names stands there: name and value. A
/// folder's own commas stay.
std::optional<std::pair<std::string, std::string>> take_item(std::string& place,
                                                             std::initializer_list<const char*> names);

/// A whole number from 1 to `most`, all of `text`; nothing where it is none.
std::optional<std::int64_t> positive_number(std::string_view text, std::int64_t most);

}  // namespace rheobase

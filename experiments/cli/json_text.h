#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace rheobase {

/// Indented JSON. Paths may hold bytes that are not UTF-8; they are replaced rather than a finished run lost.
inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace rheobase

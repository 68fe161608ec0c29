#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "experiments/report/figure.h"

namespace rheobase {

/// A figure as the page's script takes it.
nlohmann::ordered_json figure_json(const Figure& figure);

/// One self-contained HTML page around `data`: style, script and charting library are in it, and it asks
/// nothing of a network. `data` is what page/page.js shows: tool_version, overview, cells.
std::string page_text(const nlohmann::ordered_json& data);

}  // namespace rheobase

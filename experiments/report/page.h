#pragma once

#include <string>

#include "experiments/json/json.h"
#include "experiments/report/figure.h"

namespace rheobase {

/// A figure as the page's script takes it.
Json figure_json(const Figure& figure);

/// One self-contained HTML page around `data`: style, script and charting library are in it, and it asks
/// nothing of a network. `data` is what page/page.js shows: tool_version, overview, cells.
std::string page_text(const Json& data);

}  // namespace rheobase

#pragma once

#include <string_view>

/// Files that the build puts into the program.
namespace rheobase::assets {

extern const std::string_view page_html;
extern const std::string_view page_css;
extern const std::string_view figures_js;
extern const std::string_view page_js;
extern const std::string_view chart_js;  ///< Chart.js, MIT licence, which its first lines name

}  // namespace rheobase::assets

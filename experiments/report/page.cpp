#include "experiments/report/page.h"

#include <string_view>

#include "experiments/report/assets.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

Json axis_json(const Axis& axis) {
  Json json{{"label", axis.label}, {"percent", axis.percent}};
  if (axis.integers) json["integers"] = true;
  if (axis.min) json["min"] = *axis.min;
  if (axis.max) json["max"] = *axis.max;
  if (!axis.ticks.empty()) json["ticks"] = axis.ticks;
  return json;
}

const char* kind_name(Series::Kind kind) {
  switch (kind) {
    case Series::Kind::points:
      return "points";
    case Series::Kind::dots:
      return "dots";
    case Series::Kind::bars:
      return "bars";
    case Series::Kind::line:
      break;
  }
  return "line";
}

Json series_json(const Series& series) {
  Json json{{"name", series.name},
            {"kind", kind_name(series.kind)},
            {"colour", series.colour},
            {"x", series.x},
            {"y", series.y}};
  if (!series.low.empty()) json["low"] = series.low;
  if (!series.high.empty()) json["high"] = series.high;
  if (!series.rows.empty()) json["rows"] = series.rows;
  if (series.dashed) json["dashed"] = true;
  return json;
}

// JSON that may stand within <script>: no text in it can end the element.
std::string script_json(const Json& data) {
  std::string text;
  for (const char c : data.dump()) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

Json figure_json(const Figure& figure) {
  Json json{{"title", figure.title},
            {"caption", figure.caption},
            {"x", axis_json(figure.x)},
            {"y", axis_json(figure.y)},
            {"series", Json::array()}};
  for (const Series& series : figure.series) json["series"].push_back(series_json(series));
  return json;
}

std::string page_text(const Json& data) {
  std::string page(assets::page_html);
  const auto fill = [&](std::string_view marker, std::string_view text) {
    const std::size_t at = page.find(marker);
    if (at == std::string::npos) throw InternalError("the page has no place for " + std::string(marker));
    page.replace(at, marker.size(), text);
  };
  // The last first: what is filled in is not searched again.
  fill("/*PAGE*/", assets::page_js);
  fill("/*FIGURES*/", assets::figures_js);
  fill("/*CHART*/", assets::chart_js);
  fill("/*DATA*/", script_json(data));
  fill("/*STYLE*/", assets::page_css);
  return page;
}

}  // namespace rheobase

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rheobase {

/// Numbers to be drawn in one way. Vectors that are not empty are as long as `x`.
struct Series {
  /// Lines through points; single large points; many small ones; bars beside those of other series.
  enum class Kind { line, points, dots, bars };

  std::string name;
  Kind kind = Kind::line;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low, high;  ///< bounds of y: a band around a line
  std::vector<int> rows = {};     ///< what each point stands for in the table beside the figure
  bool dashed = false;
  int colour = 0;  ///< index into the palette, 0 for the neutral one
};

struct Axis {
  std::string label;
  std::optional<double> min = {}, max = {};                ///< of what is shown first; absent: of the numbers
  bool percent = false;                                    ///< numbers are shares, written as per cent
  bool integers = false;                                   ///< no ticks between whole numbers
  std::vector<std::pair<double, std::string>> ticks = {};  ///< absent: round numbers
};

/// A chart as data: drawn as SVG (svg.h) and by the page.
struct Figure {
  std::string id;  ///< for file names
  std::string title;
  std::string caption;  ///< how to read it
  Axis x, y;
  std::vector<Series> series;

  bool empty() const { return series.empty(); }
};

}  // namespace rheobase

#include "experiments/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>

#include "experiments/report/markup.h"

namespace rheobase {
namespace {

constexpr double width = 720.0;
constexpr double left = 70.0, right = 696.0, top = 40.0, bottom = 336.0;
constexpr double legend_top = 392.0, legend_row = 18.0;
constexpr double legend_letter = 5.8, legend_mark = 26.0;       // about, at this size
constexpr std::size_t caption_letters = 118, caption_row = 14;  // letters a line, height of one

// Okabe and Ito's colours, told apart by colour-blind readers too; the neutral one first.
constexpr std::array palette{"#444444", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

const char* colour_of(const Series& series) { return palette[series.colour % palette.size()]; }

// 23000000 as 23 M.
std::string number_text(double value) {
  constexpr std::array units{"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (std::abs(value) >= 1e4 && unit + 1 < units.size()) {
    value /= 1e3;
    ++unit;
  }
  if (unit > 0 && std::abs(value) >= 1e3 && unit + 1 < units.size()) {
    value /= 1e3;
    ++unit;
  }
  return fmt::format("{:.4g}{}", value, units[unit]);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// One axis: where a number stands in the picture.
class Scale {
 public:
  Scale(const Axis& axis, Range range, double from, double to, bool headroom)
      : axis_(axis), from_(from), to_(to) {
    if (range.low > range.high) range = {0.0, 1.0};
    low_ = axis.min.value_or(range.low);
    high_ = axis.max.value_or(range.high);
    if (headroom && !axis.max && axis.ticks.empty()) round_up();
    if (high_ - low_ < 1e-12) high_ = low_ + 1.0;
  }

  double operator()(double value) const { return from_ + (value - low_) / (high_ - low_) * (to_ - from_); }

  std::vector<std::pair<double, std::string>> ticks() const {
    if (!axis_.ticks.empty()) return axis_.ticks;
    std::vector<std::pair<double, std::string>> result;
    for (const double value : round_ticks(low_, high_, tick_count)) {
      if (axis_.integers && value != std::floor(value)) continue;
      result.emplace_back(value, axis_.percent ? fmt::format("{:.6g} %", 100.0 * value) : number_text(value));
    }
    return result;
  }

 private:
  // A tick stands above all numbers.
  void round_up() {
    const std::vector<double> ticks = round_ticks(low_, high_, tick_count);
    if (ticks.size() >= 2 && ticks.back() < high_) high_ = ticks.back() + (ticks[1] - ticks[0]);
  }

  static constexpr int tick_count = 8;
  const Axis& axis_;
  double from_, to_;
  double low_ = 0.0, high_ = 1.0;
};

// Without the points that are no numbers.
Series finite(const Series& series) {
  Series some{series.name, series.kind, {}, {}, {}, {}};
  some.dashed = series.dashed;
  some.colour = series.colour;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const double low = series.low.empty() ? 0.0 : series.low[i];
    const double high = series.high.empty() ? 0.0 : series.high[i];
    if (!std::isfinite(series.x[i] + series.y[i] + low + high)) continue;
    some.x.push_back(series.x[i]);
    some.y.push_back(series.y[i]);
    if (!series.low.empty()) some.low.push_back(low);
    if (!series.high.empty()) some.high.push_back(high);
  }
  return some;
}

Figure finite(Figure figure) {
  for (Series& series : figure.series) series = finite(series);
  return figure;
}

// Broken between words.
std::vector<std::string> lines_of(const std::string& text, std::size_t letters) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > letters) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
  }
  return lines;
}

class Picture {
 public:
  explicit Picture(const Figure& figure)
      : figure_(figure),
        x_(figure.x, x_range(), left, right, false),
        y_(figure.y, y_range(), bottom, top, true) {}

  std::string text() {
    const double legend = has_legend() ? legend_row * std::ceil(static_cast<double>(figure_.series.size()) /
                                                                static_cast<double>(legend_columns()))
                                       : 0.0;
    const std::vector<std::string> caption = lines_of(figure_.caption, caption_letters);
    const double caption_top = legend_top + legend + 6.0;
    const double whole = caption_top + static_cast<double>(caption_row * caption.size()) + 4.0;
    put(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
        R"(font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">)",
        width, whole);
    put(R"(<title>{}</title><rect width="{}" height="{}" fill="#fff"/>)", escaped(figure_.title), width,
        whole);
    put(R"(<clipPath id="plot"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>)", left, top,
        right - left, bottom - top);
    put(R"(<text x="{}" y="24" font-size="15" font-weight="bold">{}</text>)", left, escaped(figure_.title));
    draw_axes();
    put(R"svg(<g clip-path="url(#plot)">)svg");
    for (const Series& series : figure_.series) {
      if (series.kind != Series::Kind::points) draw(series);
    }
    for (const Series& series : figure_.series) {  // single points on top
      if (series.kind == Series::Kind::points) draw(series);
    }
    put("</g>");
    draw_legend();
    for (std::size_t i = 0; i < caption.size(); ++i) {
      put(R"(<text x="{}" y="{}" font-size="10" fill="#555">{}</text>)", left,
          caption_top + static_cast<double>(caption_row * i), escaped(caption[i]));
    }
    put("</svg>");
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }

  Range x_range() const {
    Range range;
    for (const Series& series : figure_.series) {
      const double margin = series.kind == Series::Kind::bars ? 0.5 : 0.0;
      for (const double x : series.x) {
        range.add(x - margin);
        range.add(x + margin);
      }
    }
    return range;
  }

  Range y_range() const {
    Range range;
    for (const Series& series : figure_.series) {
      if (series.kind == Series::Kind::bars) range.add(0.0);
      for (const auto* values : {&series.y, &series.low, &series.high}) {
        for (const double y : *values) range.add(y);
      }
    }
    return range;
  }

  void draw_axes() {
    for (const auto& [value, label] : x_.ticks()) {
      put(R"(<path d="M{0:.1f} {1}V{2}" stroke="#e4e4e4"/>)", x_(value), top, bottom);
      if (label.size() > 8 && x_.ticks().size() > 8) {
        put(R"svg(<text transform="translate({:.1f} {}) rotate(-35)" text-anchor="end" font-size="9">{}</text>)svg",
            x_(value) + 3.0, bottom + 12.0, escaped(label));
      } else {
        put(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x_(value), bottom + 16.0,
            escaped(label));
      }
    }
    for (const auto& [value, label] : y_.ticks()) {
      put(R"(<path d="M{} {:.1f}H{}" stroke="#e4e4e4"/>)", left, y_(value), right);
      put(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left - 6.0, y_(value) + 4.0,
          escaped(label));
    }
    put(R"(<path d="M{} {}V{}H{}" fill="none" stroke="#444"/>)", left, top, bottom, right);
    put(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)", (left + right) / 2.0, bottom + 40.0,
        escaped(figure_.x.label));
    put(R"svg(<text transform="translate(16 {}) rotate(-90)" text-anchor="middle">{}</text>)svg",
        (top + bottom) / 2.0, escaped(figure_.y.label));
  }

  void draw(const Series& series) {
    switch (series.kind) {
      case Series::Kind::line:
        draw_band(series);
        draw_line(series);
        if (!series.dashed) draw_points(series, 2.0);
        break;
      case Series::Kind::points:
        draw_whiskers(series);
        draw_marks(series);
        break;
      case Series::Kind::dots:
        draw_points(series, 1.3);
        break;
      case Series::Kind::bars:
        draw_bars(series);
        break;
    }
  }

  std::string path(const std::vector<double>& x, const std::vector<double>& y) const {
    std::string d;
    for (std::size_t i = 0; i < x.size(); ++i)
      d += fmt::format("{}{:.2f} {:.2f}", d.empty() ? 'M' : 'L', x_(x[i]), y_(y[i]));
    return d;
  }

  void draw_band(const Series& series) {
    if (series.low.empty()) return;
    std::vector<double> x = series.x;
    std::vector<double> y = series.high;
    x.insert(x.end(), series.x.rbegin(), series.x.rend());
    y.insert(y.end(), series.low.rbegin(), series.low.rend());
    put(R"(<path d="{}Z" fill="{}" fill-opacity="0.15"/>)", path(x, y), colour_of(series));
  }

  void draw_line(const Series& series) {
    put(R"(<path d="{}" fill="none" stroke="{}" stroke-width="1.6"{}/>)", path(series.x, series.y),
        colour_of(series), series.dashed ? R"( stroke-dasharray="6 4")" : "");
  }

  void draw_whiskers(const Series& series) {
    for (std::size_t i = 0; i < series.low.size(); ++i) {
      put(R"(<path d="M{:.2f} {:.2f}V{:.2f}" stroke="{}"/>)", x_(series.x[i]), y_(series.low[i]),
          y_(series.high[i]), colour_of(series));
    }
  }

  void draw_points(const Series& series, double radius) {
    put(R"(<g fill="{}">)", colour_of(series));
    for (std::size_t i = 0; i < series.x.size(); ++i)
      put(R"(<circle cx="{:.2f}" cy="{:.2f}" r="{}"/>)", x_(series.x[i]), y_(series.y[i]), radius);
    put("</g>");
  }

  // Diamonds, triangles and squares in turn, for series of single points.
  void draw_marks(const Series& series) {
    constexpr std::array shapes{"m0-6l6 6l-6 6l-6-6z", "m0-6l6 11h-12z", "m-5-5h10v10h-10z"};
    const auto is_points = [](const Series& other) { return other.kind == Series::Kind::points; };
    const auto index = std::count_if(figure_.series.data(), &series, is_points);
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      put(R"(<path d="M{:.2f} {:.2f}{}" fill="{}"/>)", x_(series.x[i]), y_(series.y[i]),
          shapes.at(static_cast<std::size_t>(index) % shapes.size()), colour_of(series));
    }
  }

  // Bars of several series stand beside each other.
  void draw_bars(const Series& series) {
    const auto is_bars = [](const Series& other) { return other.kind == Series::Kind::bars; };
    const auto count = std::count_if(figure_.series.begin(), figure_.series.end(), is_bars);
    const auto place = std::count_if(figure_.series.data(), &series, is_bars);
    const double share = 0.84 / static_cast<double>(count);
    put(R"(<g fill="{}">)", colour_of(series));
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double from = x_(series.x[i] - 0.42 + share * static_cast<double>(place));
      const double to = x_(series.x[i] - 0.42 + share * static_cast<double>(place + 1));
      put(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>)", from, y_(series.y[i]), to - from,
          std::max(0.0, y_(0.0) - y_(series.y[i])));
    }
    put("</g>");
  }

  // Named by the axes otherwise.
  bool has_legend() const { return figure_.series.size() >= 2 && figure_.y.ticks.empty(); }

  // As many as the longest name leaves room for.
  std::size_t legend_columns() const {
    std::size_t longest = 0;
    for (const Series& series : figure_.series) longest = std::max(longest, series.name.size());
    const double column = legend_mark + legend_letter * static_cast<double>(longest);
    return std::max<std::size_t>(1, static_cast<std::size_t>((right - left) / column));
  }

  void draw_legend() {
    if (!has_legend()) return;
    const std::size_t columns = legend_columns();
    for (std::size_t i = 0; i < figure_.series.size(); ++i) {
      const Series& series = figure_.series[i];
      const double x =
          left + (right - left) / static_cast<double>(columns) * static_cast<double>(i % columns);
      const std::size_t row = i / columns;
      const double y = legend_top + legend_row * static_cast<double>(row);
      if (series.dashed) {
        put(R"(<path d="M{} {}h14" stroke="{}" stroke-width="2" stroke-dasharray="4 3"/>)", x, y,
            colour_of(series));
      } else {
        put(R"(<rect x="{}" y="{}" width="14" height="6" fill="{}"/>)", x, y - 3.0, colour_of(series));
      }
      put(R"(<text x="{}" y="{}" font-size="11">{}</text>)", x + 20.0, y + 4.0, escaped(series.name));
    }
  }

  const Figure& figure_;
  Scale x_, y_;
  std::string text_;
};

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  const double rough = (high - low) / std::max(count, 1);
  if (!(rough > 0.0) || !std::isfinite(rough)) return {low};
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1.0 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1.0)
    ticks.push_back(i * step + 0.0);
  return ticks;
}

std::string svg_text(const Figure& figure) {
  const Figure drawn = finite(figure);
  return Picture(drawn).text();
}

}  // namespace rheobase

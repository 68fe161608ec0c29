#include "experiments/report/svg.h"

#include <gmock/gmock.h>

#include <limits>

#include "experiments/report/markup.h"

namespace rheobase {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Figure line_figure() {
  Figure figure{"id", "A < B & \"C\"", "caption", {"steps"}, {"accuracy"}, {}};
  figure.x.min = 0.0;
  figure.x.max = 10.0;
  figure.y = {"accuracy", 0.0, 1.0, true};
  figure.series.push_back({"line", Series::Kind::line, {0.0, 5.0, 10.0}, {0.0, 0.5, 1.0}, {}, {}});
  return figure;
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(RoundTicks, AreOneTwoOrFiveByPowersOfTen) {
  EXPECT_THAT(round_ticks(0.0, 1.0, 5), ElementsAre(0.0, DoubleEq(0.2), 0.4, DoubleEq(0.6), 0.8, 1.0));
  EXPECT_THAT(round_ticks(0.3, 16.0, 4), ElementsAre(5.0, 10.0, 15.0));
  EXPECT_THAT(round_ticks(-3.0, 3.0, 3), ElementsAre(-2.0, 0.0, 2.0));
  EXPECT_THAT(round_ticks(2.0, 2.0, 5), ElementsAre(2.0));
}

TEST(Svg, PutsNumbersWhereTheAxesSay) {
  const std::string svg = svg_text(line_figure());
  // The corners of the plot are (70, 336) and (696, 40).
  EXPECT_THAT(svg, HasSubstr(R"(d="M70.00 336.00L383.00 188.00L696.00 40.00")"));
  EXPECT_THAT(svg, HasSubstr(">100 %</text>"));
}

TEST(Svg, EscapesTexts) {
  const std::string svg = svg_text(line_figure());
  EXPECT_THAT(svg, HasSubstr("A &lt; B &amp; &quot;C&quot;"));
  EXPECT_THAT(svg, Not(HasSubstr("A < B")));
}

TEST(Svg, ABandGoesAlongItsHighAndBackAlongItsLow) {
  Figure figure = line_figure();
  figure.series[0].low = {0.0, 0.25, 0.75};
  figure.series[0].high = {0.25, 0.75, 1.0};
  EXPECT_THAT(
      svg_text(figure),
      HasSubstr("M70.00 262.00L383.00 114.00L696.00 40.00L696.00 114.00L383.00 262.00L70.00 336.00Z"));
}

TEST(Svg, BarsOfSeriesStandBesideEachOtherOnZero) {
  Figure figure = line_figure();
  figure.x = {"step"};
  figure.series = {{"a", Series::Kind::bars, {1.0, 2.0}, {1.0, 0.5}, {}, {}},
                   {"b", Series::Kind::bars, {1.0, 2.0}, {0.25, 0.0}, {}, {}}};
  const std::string svg = svg_text(figure);
  // Two places of 313 units, of which 84 % are bars.
  EXPECT_THAT(svg, HasSubstr(R"(<rect x="95.04" y="40.00" width="131.46" height="296.00"/>)"));
  EXPECT_THAT(svg, HasSubstr(R"(<rect x="226.50" y="262.00" width="131.46" height="74.00"/>)"));
  EXPECT_THAT(svg, HasSubstr(R"(width="131.46" height="0.00"/>)"));
}

TEST(Svg, LeavesOutWhatIsNoNumber) {
  Figure figure = line_figure();
  figure.series[0].y[1] = std::numeric_limits<double>::quiet_NaN();
  figure.series.push_back(
      {"dots", Series::Kind::dots, {1.0, 2.0}, {0.5, std::numeric_limits<double>::infinity()}, {}, {}});
  const std::string svg = svg_text(figure);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
  EXPECT_EQ(count(svg, R"(r="1.3")"), 1);
}

TEST(Svg, LargeNumbersHaveUnits) {
  Figure figure = line_figure();
  figure.y = {"operations"};
  figure.series[0].y = {0.0, 1e7, 2e7};
  EXPECT_THAT(svg_text(figure), HasSubstr(">20 M</text>"));
}

TEST(Svg, AFigureWithoutNumbersIsStillAPicture) {
  Figure figure = line_figure();
  figure.x = figure.y = {"nothing"};
  figure.series[0] = {"none", Series::Kind::line, {}, {}, {}, {}};
  EXPECT_THAT(svg_text(figure), HasSubstr("</svg>"));
}

TEST(Markup, DropsControlCharacters) { EXPECT_EQ(escaped(std::string("a\x01\nb")), "ab"); }

}  // namespace
}  // namespace rheobase

#include "experiments/report/page.h"

#include <gmock/gmock.h>

#include "experiments/json/json.h"
#include "experiments/simulation/raster.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string data_of(const std::string& page) {
  const std::string open = R"(<script id="data" type="application/json">)";
  const std::size_t from = page.find(open) + open.size();
  return page.substr(from, page.find("</script>", from) - from);
}

TEST(Page, HoldsItsDataWhateverTheNamesAre) {
  const Json data{{"name", "</script><script>alert(1)</script> /*PAGE*/ /*STYLE*/"}};
  EXPECT_EQ(Json::parse(data_of(page_text(data))), data);
}

TEST(Page, AsksNothingOfANetwork) {
  const std::string page = page_text({{"cells", Json::array()}});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("Chart.js v"));
  for (const char* marker : {"src=\"http", "href=\"http", "@import", "/*DATA*/", "/*CHART*/", "/*PAGE*/"})
    EXPECT_THAT(page, Not(HasSubstr(marker)));
}

TEST(Raster, ComesBackFromItsText) {
  const Raster raster{7, 3, 4, {1, 3, 3, 3}, {{"a", 100, {5, 60}, {{1, 4}, {}}}, {"b", 10, {2}, {{2, 3}}}}};
  EXPECT_EQ(parse_raster(raster_text(raster), "raster.json"), raster);
}

TEST(Raster, WhatIsNoRasterIsRefusedByName) {
  for (const char* text : {"", "{", "[]", "{\"schema\": 2}", "{\"schema\": 1}",
                           R"({"schema":1,"sample":0,"label":0,"steps":1,"answers":[0],)"
                           R"("layers":[{"name":"a","neurons":2,"shown":[0,1],"times":[[1]]}]})"}) {
    try {
      parse_raster(text, "raster.json");
      FAIL() << text;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("raster.json"));
    }
  }
}

}  // namespace
}  // namespace rheobase

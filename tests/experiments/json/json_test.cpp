#include "experiments/json/json.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace rheobase {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
  Json json{{"z", 1}, {"a", {{"inner", true}}}};
  json["m"] = nullptr;
  json["a"]["later"] = "text";
  EXPECT_EQ(json.dump(), R"({"z":1,"a":{"inner":true,"later":"text"},"m":null})");
}

TEST(Json, IsWrittenIndentedOrInOneLine) {
  const Json json{{"list", std::vector<int>{1, 2}}, {"none", Json::array()}, {"empty", Json::object()}};
  EXPECT_EQ(json.dump(), R"({"list":[1,2],"none":[],"empty":{}})");
  EXPECT_EQ(json.dump(2), "{\n  \"list\": [\n    1,\n    2\n  ],\n  \"none\": [],\n  \"empty\": {}\n}");
}

TEST(Json, NumbersComeBackAsTheyWere) {
  const Json json{{"tenth", 0.1},
                  {"whole", std::int64_t{-5}},
                  {"large", std::numeric_limits<std::uint64_t>::max()},
                  {"pair", std::pair(0.5, "half")}};
  const Json back = Json::parse(json.dump());
  EXPECT_EQ(back, json);
  EXPECT_EQ(back.at("tenth").as<double>(), 0.1);
  EXPECT_EQ(back.at("large").as<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Json, WhatIsNoNumberIsNull) {
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "null");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, BytesThatAreNoUtf8AreReplaced) { EXPECT_EQ(Json("a\xff").dump(), "\"a\xef\xbf\xbd\""); }

TEST(Json, AnotherKindThanAskedForIsRefused) {
  const Json json = Json::parse(R"({"text": "1", "half": 0.5, "large": 4294967296, "list": [1, "2"]})");
  EXPECT_THROW(json.at("missing"), JsonError);
  EXPECT_THROW(json.at("text").as<int>(), JsonError);
  EXPECT_THROW(json.at("half").as<std::int64_t>(), JsonError);
  EXPECT_THROW(json.at("large").as<int>(), JsonError);
  EXPECT_THROW(json.at("list").as_list<int>(), JsonError);
  EXPECT_THROW(json.at("text").elements(), JsonError);
  EXPECT_THROW(json.at("text").find("key"), JsonError);
  EXPECT_EQ(json.find("missing"), nullptr);
}

TEST(Json, TextThatIsNoJsonIsRefused) {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "nul"})
    EXPECT_THROW(Json::parse(text), JsonError) << text;
}

}  // namespace
}  // namespace rheobase

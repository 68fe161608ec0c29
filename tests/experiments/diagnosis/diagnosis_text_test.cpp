#include "experiments/diagnosis/diagnosis_text.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/diagnosis/diagnosis_file.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Diagnosis two_layers(double first_own, double second_own, double clipping) {
  Diagnosis found;
  found.samples = 100;
  found.source_accuracy = 0.9;
  found.steps = {1, 2};
  const auto layer = [&](const std::string& name, double own) {
    LayerError error{.steps = 2, .error = own, .own_error = own, .correlation = 0.5};
    error.clipping = clipping;
    return DiagnosedLayer{name, 7, 1.0, {LayerError{.steps = 1, .error = 0.75}, error}};
  };
  found.layers = {layer("first", first_own), layer("second", second_own)};
  found.logits = {{1, 0.5, 0.25, 0.4}, {2, 0.875, 0.5, 0.8}};
  return found;
}

TEST(DiagnosisText, SumsUpInThreeLines) {
  const std::string text = diagnosis_summary(two_layers(0.05, 0.4, 0.8), "test samples of mnist:DIR");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("100 test samples of mnist:DIR, 2 steps: 87.50 % of the answers"));
  EXPECT_THAT(text, HasSubstr("accuracy 80.00 %, source 90.00 %"));
  EXPECT_THAT(text, HasSubstr("wrong by 40.0 % at most (rms, in 'second'"));
  EXPECT_THAT(text, HasSubstr("the loss starts in 'second', whose own error is 40.0 %; 80.0 % of that"));
}

TEST(DiagnosisText, NamesTheCause) {
  EXPECT_THAT(diagnosis_advice(two_layers(0.4, 0.4, 0.8)), HasSubstr("raise"));
  EXPECT_THAT(diagnosis_advice(two_layers(0.4, 0.4, 0.2)), HasSubstr("more steps"));
  EXPECT_THAT(diagnosis_advice(two_layers(0.05, 0.09, 0.8)), Not(HasSubstr("starts")));
}

TEST(DiagnosisText, IsNoAlarmWhereTheAnswersAgree) {
  Diagnosis found = two_layers(0.4, 0.4, 0.2);
  EXPECT_THAT(diagnosis_advice(found), HasSubstr("the loss starts in 'first'"));
  found.logits.back().same = 0.995;
  EXPECT_THAT(diagnosis_advice(found), HasSubstr("the answers agree; errors start in 'first'"));
}

TEST(DiagnosisText, TheFirstLayerThatIsComparablyWrongIsTheStart) {
  EXPECT_EQ(loss_start(two_layers(0.3, 0.5, 0)), 0U);
  EXPECT_EQ(loss_start(two_layers(0.2, 0.5, 0)), 1U);
  EXPECT_EQ(loss_start(two_layers(0.1, 0.05, 0)), std::nullopt);
  EXPECT_EQ(loss_start(two_layers(std::numeric_limits<double>::quiet_NaN(), 0.5, 0)), 1U);
}

TEST(DiagnosisText, HasARowForEveryLayerAndColumnsForTheSteps) {
  const std::string text = diagnosis_tables(two_layers(0.05, 0.4, 0.8));
  EXPECT_THAT(text, HasSubstr("\nfirst "));
  EXPECT_THAT(text, HasSubstr("\nsecond "));
  EXPECT_THAT(text, HasSubstr("  75.0 %    40.0 %\n"));
  EXPECT_THAT(text, HasSubstr("  50.0 %    87.5 %\n"));
}

TEST(DiagnosisFile, ComesBackFromItsText) {
  Diagnosis kept = two_layers(0.05, 0.4, 0.8);
  kept.left_out = {"third"};
  kept.layers[1].by_steps[0].correlation = std::numeric_limits<double>::quiet_NaN();
  const std::string text = diagnosis_file_text(kept);
  const Diagnosis found = parse_diagnosis(text, "kept.json");
  EXPECT_EQ(diagnosis_file_text(found), text);
  EXPECT_EQ(diagnosis_tables(found), diagnosis_tables(kept));
  EXPECT_EQ(diagnosis_summary(found, ""), diagnosis_summary(kept, ""));
  EXPECT_EQ(found.left_out, kept.left_out);
  EXPECT_TRUE(std::isnan(found.layers[1].by_steps[0].correlation));
}

TEST(DiagnosisFile, WhatIsNoneIsRefusedByName) {
  for (const char* text : {"", "{", "[]", R"({"schema":2})", R"({"schema":1})",
                           R"({"schema":1,"samples":1,"source_accuracy":1.0,"steps":[1],"left_out":[],)"
                           R"("layers":[{"name":"a","neurons":2,"rms":1.0,"by_steps":[]}],)"
                           R"("logits":[{"steps":1,"same":1.0,"correlation":1.0,"accuracy":1.0}]})"}) {
    try {
      parse_diagnosis(text, "kept.json");
      FAIL() << text;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("kept.json"));
    }
  }
}

}  // namespace
}  // namespace rheobase

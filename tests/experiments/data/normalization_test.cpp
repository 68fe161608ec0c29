#include "experiments/data/normalization.h"

#include <gmock/gmock.h>

#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  return input_error([&] { normalization_preset(text); });
}

TEST(Normalization, KnowsThePublishedNumbers) {
  EXPECT_EQ(normalization_preset("cifar10"),
            (Normalization{{0.4914F, 0.4822F, 0.4465F}, {0.2470F, 0.2435F, 0.2616F}}));
  EXPECT_EQ(normalization_preset("fashion-mnist"), (Normalization{{0.2860F}, {0.3530F}}));
  EXPECT_EQ(normalization_preset("imagenet").mean.at(2), 0.406F);
  EXPECT_EQ(normalization_preset("none"), Normalization{});
}

TEST(Normalization, ReadsNumbers) {
  EXPECT_EQ(normalization_preset("0.5;0.25"), (Normalization{{0.5F}, {0.25F}}));
  EXPECT_EQ(normalization_preset("0,-1e-1,2;1,2,3"),
            (Normalization{{0.0F, -0.1F, 2.0F}, {1.0F, 2.0F, 3.0F}}));
}

TEST(Normalization, NamesWhatIsWrong) {
  EXPECT_THAT(refusal("cifar11"), HasSubstr("'cifar11': unknown (known: cifar10 cifar100"));
  EXPECT_THAT(refusal(""), HasSubstr("unknown"));
  EXPECT_THAT(refusal("0,1;1"), HasSubstr("2 means and 1 deviations"));
  EXPECT_THAT(refusal("0;0"), HasSubstr("deviation 0, expected more than 0"));
  for (const char* const text : {"0,;1,1", ";", "a;b", "0;1;2", "0;nan", "inf;1", "0 ;1", "1e99;1"}) {
    EXPECT_THAT(refusal(text), HasSubstr("is not a number")) << text;
  }
}

}  // namespace
}  // namespace rheobase

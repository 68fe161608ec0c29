#include "experiments/data/normalization.h"

#include <gmock/gmock.h>

#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

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

std::string mismatch(const Normalization& normalization, const Shape& shape) {
  return input_error([&] { check_normalization(normalization, shape); });
}

TEST(Normalization, RefusesOneChannelForThree) {
  // It was spread over all three: 81 % of the answers where 90 % were right.
  EXPECT_THAT(mismatch(normalization_preset("mnist"), {3, 32, 32}),
              AllOf(HasSubstr("1 mean, but samples 3x32x32 have 3 channels"),
                    HasSubstr("'0.1307,0.1307,0.1307;0.3081,0.3081,0.3081'")));
  EXPECT_THAT(mismatch(normalization_preset("cifar10"), {1, 28, 28}), HasSubstr("3 means, but"));
  EXPECT_THAT(mismatch({{0, 0}, {1, 1}}, {784}), HasSubstr("give 784 means"));
}

TEST(Normalization, TakesOneNumberForAllValuesOfASampleWithoutChannels) {
  EXPECT_THAT(check_normalization(normalization_preset("mnist"), {784}), IsEmpty());
  EXPECT_THAT(check_normalization({{50, 7}, {12, 1}}, {2}), IsEmpty());  // measured, in any range
}

TEST(Normalization, RefusesNumbersOfPixelsUpTo255) {
  const Normalization of_bytes{{123.675F, 116.28F, 103.53F}, {58.395F, 57.12F, 57.375F}};
  EXPECT_THAT(mismatch(of_bytes, {3, 8, 8}),
              AllOf(HasSubstr("mean 123.675"), HasSubstr("divide means and deviations by 255")));
  EXPECT_THAT(mismatch({{0}, {255}}, {1, 8, 8}), HasSubstr("deviation 255"));
  EXPECT_THAT(check_normalization({{0}, {1.0F / 255}}, {1, 8, 8}), IsEmpty());  // a network of 0 to 255
}

TEST(Normalization, NotesWhatIsUnlikelyForPixels) {
  for (const char* const text : {"none", "cifar10", "imagenet", "0.5,0.5,0.5;0.5,0.5,0.5", "0,0,0;1,1,1"})
    EXPECT_THAT(check_normalization(normalization_preset(text), {3, 8, 8}), IsEmpty()) << text;
  const Notes notes = check_normalization({{-0.5F}, {1.5F}}, {1, 8, 8});
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_THAT(notes[0].what, HasSubstr("mean -0.5 is unlikely"));
  EXPECT_THAT(notes[1].what, HasSubstr("deviation 1.5 is unlikely"));
}

TEST(Normalization, IsReadFromTheInput) {
  Graph graph{{{"in", "Input", {}, {}, {}}, {"scaled", "Affine", {"in"}, {}, {}}}};
  EXPECT_EQ(normalization_of(graph), Normalization{});
  EXPECT_TRUE(rescales_itself(graph));
  graph.nodes[0].tensors["mean"] = {{1}, {0.25F}};
  graph.nodes[1].inputs = {"other"};
  EXPECT_EQ(normalization_of(graph), (Normalization{{0.25F}, {1}}));
  EXPECT_FALSE(rescales_itself(graph));
  EXPECT_EQ(to_string(normalization_of(graph)), "mean 0.25, std 1");
}

}  // namespace
}  // namespace rheobase

#include <gmock/gmock.h>

#include <filesystem>

#include "experiments/data/data_set.h"
#include "experiments/data/sample_hash.h"
#include "tests/experiments/data/event_recording.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Events : public testing::Test {
 protected:
  void put(const std::string& name, const std::vector<CameraEvent>& events) const {
    scratch_.put(name, atis_bin(events));
  }
  // A set of one recording, binned as `options` say.
  Sample sample(const std::vector<CameraEvent>& events, const std::string& options = "") const {
    put("Test/0/1.bin", events);
    Sample sample;
    open_data("nmnist:" + scratch_.path() + options, "test")->fetch(0, sample);
    return sample;
  }
  std::string refusal(const std::string& options = "", const std::string& kind = "nmnist:") const {
    return input_error([&] {
      Sample sample;
      open_data(kind + scratch_.path() + options, "test")->fetch(0, sample);
    });
  }

  const Scratch scratch_;
};

std::vector<std::pair<int, int>> steps_and_places(const Sample& sample) {
  std::vector<std::pair<int, int>> all;
  for (const InputEvent& event : sample.events) all.emplace_back(event.step, event.place);
  return all;
}

TEST_F(Events, AreBinnedFromTheFirstOnWithPolarityAsChannel) {
  const Sample found =
      sample({{100, 3, 2, false}, {1099, 3, 2, true}, {1100, 33, 33, true}, {4200, 0, 0, false}});
  EXPECT_THAT(steps_and_places(found),
              ElementsAre(std::pair(1, 2 * 34 + 3), std::pair(1, 34 * 34 + 2 * 34 + 3),
                          std::pair(2, 2 * 34 * 34 - 1), std::pair(5, 0)));
  EXPECT_EQ(found.steps, 5);
  const auto data = open_data("nmnist:" + scratch_.path(), "test");
  EXPECT_EQ(data->shape(), (Shape{2, 34, 34}));
  EXPECT_TRUE(data->info().events);
  EXPECT_EQ(data->info().step_ms, 1.0);
}

TEST_F(Events, StepsLastAsAsked) {
  const std::vector<CameraEvent> events{{0, 0, 0, false}, {999, 0, 0, false}, {5000, 0, 0, false}};
  EXPECT_EQ(sample(events, ",dt=500us").steps, 11);
  EXPECT_EQ(sample(events, ",dt=5ms").steps, 2);
  EXPECT_EQ(sample(events, ",dt=1s").steps, 1);
  const Sample cut = sample(events, ",bins=5");
  EXPECT_EQ(cut.steps, 5);
  EXPECT_THAT(steps_and_places(cut), ElementsAre(std::pair(1, 0), std::pair(1, 0), std::pair(5, 0)));
  EXPECT_EQ(open_data("nmnist:" + scratch_.path() + ",bins=5", "test")->info().step_ms, 0.0);
}

TEST_F(Events, AreCountedOrBits) {
  const std::vector<CameraEvent> events{{0, 1, 0, false}, {1, 0, 0, false}, {2, 1, 0, false}};
  EXPECT_THAT(steps_and_places(sample(events)),
              ElementsAre(std::pair(1, 1), std::pair(1, 0), std::pair(1, 1)));
  EXPECT_THAT(steps_and_places(sample(events, ",events=bits")),
              ElementsAre(std::pair(1, 0), std::pair(1, 1)));
}

TEST_F(Events, AreCroppedThenMadeSmaller) {
  const std::vector<CameraEvent> events{
      {0, 2, 2, false}, {0, 3, 3, false}, {0, 30, 31, true}, {0, 32, 2, true}};
  // 30 x 30 from (2, 2) on; 4 x 4 pixels become one of 7 x 7; what is left over of 30 is not.
  EXPECT_THAT(steps_and_places(sample(events, ",crop=30,downsample=4")),
              ElementsAre(std::pair(1, 0), std::pair(1, 0)));
  EXPECT_EQ(open_data("nmnist:" + scratch_.path() + ",crop=30,downsample=4", "test")->shape(),
            (Shape{2, 7, 7}));
}

// A clock of 23 bits, and one that its own events prolong.
TEST_F(Events, OfRowTwoHundredAndFortyProlongTheTime) {
  const Sample found = sample({{8000, 0, 0, false}, {0, 0, 240, false}, {10, 1, 0, false}});
  EXPECT_THAT(steps_and_places(found), ElementsAre(std::pair(1, 0), std::pair(1, 1)));  // 8192 + 10 - 8000 us
}

TEST_F(Events, ThatComeLateStayInOrder) {
  const Sample found =
      sample({{5000, 0, 0, false}, {7000, 1, 0, false}, {6000, 2, 0, false}, {4000, 3, 0, false}});
  EXPECT_THAT(steps_and_places(found),
              ElementsAre(std::pair(1, 0), std::pair(1, 3), std::pair(2, 2), std::pair(3, 1)));
}

TEST_F(Events, OfTheSmallSetAreListedByNumber) {
  put("7.bs2", {{0, 1, 0, false}});
  put("12.bin", {{0, 2, 0, false}});
  scratch_.put("test100.txt", "#sample #class\n12\t3\n7 9\r\n\n");
  const auto data = open_data("nmnist:" + scratch_.path(), "test");
  EXPECT_THAT(data->info().labels, ElementsAre(3, 9));
  EXPECT_EQ(data->info().classes, 10);
  Sample sample;
  data->fetch(1, sample);
  EXPECT_EQ(sample.events[0].place, 1);
  EXPECT_THAT(input_error([&] { open_data("nmnist:" + scratch_.path(), "train"); }),
              HasSubstr("has neither a folder Train of ten nor a train*.txt"));
  scratch_.put("test.txt", "12 10\n13 1\nx y\n");
  EXPECT_THAT(refusal(), HasSubstr("has several lists of the test split"));
  std::filesystem::remove(scratch_.file("test100.txt"));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("line 1: expected the number of a recording and its label, 0 to 9"),
                               HasSubstr("13.bs2 or .bin: no such file"), HasSubstr("line 3")));
}

TEST_F(Events, OfAnyCameraLieInFoldersOfTheirClass) {
  put("train/left/a.bin", {{0, 1, 0, false}});
  put("train/right/b.bin", {{0, 1, 0, false}});
  put("test/right/c.bin", {{0, 200, 100, true}});
  const auto data = open_data("events:" + scratch_.path() + ",size=128x256", "test");
  EXPECT_THAT(data->info().labels, ElementsAre(1));
  EXPECT_THAT(data->info().class_names, ElementsAre("left", "right"));
  EXPECT_EQ(data->shape(), (Shape{2, 128, 256}));
  EXPECT_THAT(refusal("", "events:"),
              AllOf(HasSubstr("does not say how large its sensor is"), HasSubstr("size=HxW")));
  EXPECT_THAT(refusal(",size=64x64", "events:"),
              AllOf(HasSubstr("c.bin: event 0: is at x 200, y 100"), HasSubstr("64x64")));
}

TEST_F(Events, NameWhatIsWrongWithTheirFiles) {
  scratch_.put("Test/0/1.bin", "sixsix");
  EXPECT_THAT(refusal(), HasSubstr("1.bin: has 6 bytes, no whole number of events of 5"));
  put("Test/0/1.bin", {});
  for (const char* const options : {"", ",bins=3"})
    EXPECT_THAT(refusal(options), HasSubstr("1.bin: holds no events"));
  put("Test/0/1.bin", {{0, 0, 0, false}, {0, 34, 0, false}});
  EXPECT_THAT(refusal(), HasSubstr("1.bin: event 1: is at x 34, y 0, and the sensor has 34x34 pixels"));
  put("Test/0/1.bin", {{0, 0, 0, false}, {0x7FFFFF, 0, 0, false}});
  EXPECT_THAT(refusal(",dt=1us"), HasSubstr("give a longer dt"));
}

TEST_F(Events, NameWhatIsWrongWithTheirOptions) {
  put("Test/0/1.bin", {{0, 0, 0, false}});
  EXPECT_THAT(refusal(",dt=5"), AllOf(HasSubstr("dt"), HasSubstr("dt=500us")));
  EXPECT_THAT(refusal(",dt=0ms"), HasSubstr("expected a whole number of us, ms or s"));
  EXPECT_THAT(refusal(",bins=0"), HasSubstr("bins"));
  EXPECT_THAT(refusal(",bins=3,dt=1ms"), HasSubstr("does not go with dt"));
  EXPECT_THAT(refusal(",dt=2ms,dt=1ms"), HasSubstr("given twice"));
  EXPECT_THAT(refusal(",events=few"), HasSubstr("expected counts or bits"));
  EXPECT_THAT(refusal(",crop=35"), HasSubstr("35, of a sensor of 34x34"));
  EXPECT_THAT(refusal(",downsample=35"), HasSubstr("35, of 34x34 pixels"));
  EXPECT_THAT(input_error([&] { open_image_set("nmnist:" + scratch_.path(), "test"); }),
              HasSubstr("holds a camera's events, where images are needed"));
}

// Whatever their order within a step.
TEST_F(Events, AreKnownAgain) {
  const std::vector<InputEvent> one{{1, 5}, {1, 6}, {2, 5}}, same{{1, 6}, {1, 5}, {2, 5}},
      other{{1, 5}, {2, 6}, {2, 5}};
  EXPECT_EQ(sample_hash(one, 3, 1), sample_hash(same, 3, 1));
  EXPECT_NE(sample_hash(one, 3, 1), sample_hash(other, 3, 1));
  EXPECT_NE(sample_hash(one, 3, 1), sample_hash(one, 4, 1));
  EXPECT_NE(sample_hash(one, 3, 1), sample_hash(one, 3, 2));
  put("Test/0/1.bin", {{0, 1, 0, false}});
  const auto data = open_data("nmnist:" + scratch_.path(), "test");
  EXPECT_EQ(sample_hashes(*data, 0, 1)[0], sample_hash(std::vector<InputEvent>{{1, 1}}, 1, 0));
}

}  // namespace
}  // namespace rheobase

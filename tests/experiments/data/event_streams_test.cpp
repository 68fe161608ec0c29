// Long recordings are read while their samples run: the same events, in memory that does not grow with the
// recording.
#include <gmock/gmock.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "experiments/data/event_binning.h"
#include "experiments/data/sample_events.h"
#include "experiments/data/sample_hash.h"
#include "tests/experiments/data/event_files.h"

namespace rheobase {
namespace {

constexpr ImageSize sensor{480, 640};

using All = std::vector<std::tuple<int, int>>;

All all_of(Sample& sample) {
  All all;
  for_events_of(sample, [&](const InputEvent& event) { all.emplace_back(event.step, event.place); });
  return all;
}

class EventStreams : public EventFiles {
 protected:
  Sample sample(const std::string& path, EventBinning binning, std::size_t most_held) const {
    binning.most_held = most_held;
    Sample sample;
    binning.read(path, sensor, sample);
    return sample;
  }
};

TEST_F(EventStreams, GiveTheEventsOfARecordingThatIsHeld) {
  const Recording events = some_events(5000);
  const std::map<std::string, std::string> files{{"a.raw", evt3 + evt3_words(events)},
                                                 {"b.raw", evt2 + evt2_words(events)},
                                                 {"c.dat", dat_file(events)},
                                                 {"d.aedat4", aedat4_file(events, {.lz4 = true})},
                                                 {"e.npz", npz_recording(events, true)},
                                                 {"f.h5", hdf5_recording(events, "events", 64)}};
  std::vector<EventBinning> binnings(4);
  binnings[1].bits = true;
  binnings[1].downsample = 40;
  binnings[2].bins = 37;
  binnings[3].dt_us = 5000;
  binnings[3].crop = 300;
  for (const auto& [name, bytes] : files) {
    const std::string path = scratch_.put(name, bytes);
    for (const EventBinning& binning : binnings) {
      Sample held = sample(path, binning, 1 << 20), streamed = sample(path, binning, 100);
      EXPECT_EQ(held.stream, nullptr);
      ASSERT_NE(streamed.stream, nullptr) << name;
      EXPECT_TRUE(streamed.events.empty());
      EXPECT_EQ(streamed.steps, held.steps);
      const All expected = all_of(held);
      EXPECT_GT(expected.size(), 1000U);
      EXPECT_EQ(all_of(streamed), expected) << name << ", " << binning.text();
      Sample again = sample(path, binning, 100);
      EXPECT_EQ(sample_hash(again, 3), sample_hash(held.events, held.steps, 3));
    }
  }
}

TEST_F(EventStreams, AreReadSeveralStepsAtOnceOrWithStepsLeftOut) {
  const std::string path = scratch_.put("a.raw", evt3 + evt3_words(some_events(3000)));
  Sample held = sample(path, {}, 1 << 20), streamed = sample(path, {}, 100);
  std::vector<InputEvent> events;
  for (std::int64_t step = 4; step <= streamed.steps + 6; step += 7) streamed.stream->read(step, events);
  All found;
  for (const InputEvent& event : events) found.emplace_back(event.step, event.place);
  EXPECT_EQ(found, all_of(held));
}

// What comes late belongs to the step of its time, which may be over: such a recording is held.
TEST_F(EventStreams, ARecordingThatIsNotInOrderIsHeld) {
  Recording events = some_events(3000);
  const std::string sorted = scratch_.put("a.npz", npz_recording(events));
  std::swap(events[10], events[2000]);
  const std::string path = scratch_.put("b.npz", npz_recording(events));
  EXPECT_NE(sample(sorted, {}, 100).stream, nullptr);
  Sample unsorted = sample(path, {}, 100), held = sample(path, {}, 1 << 20);
  EXPECT_EQ(unsorted.stream, nullptr);
  EXPECT_EQ(all_of(unsorted), all_of(held));
}

// Live bytes of the heap while a recording is read, beside those before.
std::size_t most_memory(const std::string& path) {
  const auto live = [] { return static_cast<std::size_t>(mallinfo2().uordblks + mallinfo2().hblkhd); };
  const std::size_t before = live();
  EventBinning binning;
  binning.most_held = 1000;
  Sample sample;
  binning.read(path, sensor, sample);
  EXPECT_NE(sample.stream, nullptr);
  std::size_t most = 0, read = 0;
  std::vector<InputEvent> events;
  for (std::int64_t step = 1; step <= sample.steps; ++step) {
    events.clear();
    sample.stream->read(step, events);
    read += events.size();
    most = std::max(most, live() - std::min(live(), before));
  }
  EXPECT_GT(read, 1000U);
  return most;
}

TEST_F(EventStreams, TakeMemoryThatDoesNotGrowWithTheRecording) {
  if (mallinfo2().uordblks == 0) GTEST_SKIP() << "this build's allocator does not say what it holds";
  constexpr int few = 20000, many = 160000;  // the first more than what is read at once
  const std::map<std::string, std::string (*)(const Recording&)> formats{
      {".raw", [](const Recording& events) { return evt3 + evt3_words(events); }},
      {".dat", [](const Recording& events) { return dat_file(events); }},
      {".npz", [](const Recording& events) { return npz_recording(events); }}};
  for (const auto& [ending, file] : formats) {
    const std::string brief = scratch_.put("few" + ending, file(some_events(few)));
    const std::string long_one = scratch_.put("many" + ending, file(some_events(many)));
    most_memory(brief);  // what libraries keep from their first use
    const std::size_t of_few = most_memory(brief), of_many = most_memory(long_one);
    EXPECT_LT(of_many, of_few + (64U << 10)) << ending;  // the events alone are 1,280 kB
    EXPECT_LT(of_many, static_cast<std::size_t>(many) * sizeof(InputEvent)) << ending;
  }
}

}  // namespace
}  // namespace rheobase

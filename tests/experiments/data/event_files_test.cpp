#include <gmock/gmock.h>

#include <algorithm>

#include "experiments/data/data_set.h"
#include "sim/core/file_use.h"
#include "tests/experiments/data/event_files.h"

namespace rheobase {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- Prophesee's raw files

TEST_F(EventFiles, OfBothEncodingsHoldTheSameEvents) {
  const Recording events = some_events(3000);
  for (const std::size_t at_once : {1, 7, 5000}) {
    EXPECT_EQ(read("a.raw", evt2 + evt2_words(events), at_once), events);
    EXPECT_EQ(read("b.raw", evt3 + evt3_words(events), at_once), events);
  }
}

TEST_F(EventFiles, OfEvt2AreWordsOfTimePlaceAndPolarity) {
  constexpr std::uint64_t before_the_time = 0x1U << 28 | 9, trigger = 0xAU << 28 | 1, other = 0xEU << 28,
                          continued = 0xFU << 28 | 0xABCDEF;
  EXPECT_THAT(read("a.raw", evt2 + words<4>({before_the_time, 0x8U << 28 | 2, trigger,
                                             0x1U << 28 | 5U << 22 | 639U << 11 | 479, other, continued,
                                             0U << 28 | 63U << 22 | 3U << 11 | 1, 0x8U << 28 | 3,
                                             0x1U << 28 | 2047U << 11 | 2047})),
              ElementsAre(CameraEvent{2 * 64 + 5, 639, 479, true}, CameraEvent{2 * 64 + 63, 3, 1, false},
                          CameraEvent{3 * 64, 2047, 2047, true}));
}

TEST_F(EventFiles, OfEvt2HaveAClockOf34Bits) {
  constexpr std::uint64_t time = 0x8U << 28, event = 0x1U << 28;
  constexpr std::int64_t range = std::int64_t{1} << 34;
  const Recording found =
      read("a.raw", evt2 + words<4>({time | 0xFFFFFFF, event, time | 0, event, time | 5, event, time | 4,
                                     event, time | 0xFFFFFFF, event, time, event}));
  std::vector<std::int64_t> times;
  for (const CameraEvent& e : found) times.push_back(e.time_us);
  // One that falls by less than half of its range is late, not over.
  EXPECT_THAT(times, ElementsAre(range - 64, range, range + 320, range + 256, 2 * range - 64, 2 * range));
}

TEST_F(EventFiles, OfEvt3MayBeVectors) {
  constexpr std::uint64_t y = 0x0000, x = 0x2000, base = 0x3000, vect_12 = 0x4000, vect_8 = 0x5000,
                          low = 0x6000, high = 0x8000, on = 0x800;
  for (const std::size_t at_once : {1, 2, 7}) {
    EXPECT_THAT(
        read("a.raw",
             evt3 + words<2>({high | 1, low | 10, y | 7, base | on | 100, vect_12 | 0x801, vect_12 | 0,
                              vect_8 | 0x81, x | 5, vect_8 | 1, base | 300, y | 0x800 | 9, vect_8 | 0xF02}),
             at_once),
        ElementsAre(CameraEvent{4106, 100, 7, true}, CameraEvent{4106, 111, 7, true},
                    CameraEvent{4106, 124, 7, true}, CameraEvent{4106, 131, 7, true},
                    CameraEvent{4106, 5, 7, false}, CameraEvent{4106, 132, 7, true},
                    CameraEvent{4106, 301, 9, false}));
  }
}

TEST_F(EventFiles, OfEvt3BeginWhereTheirTimeRowAndBaseAreKnown) {
  constexpr std::uint64_t y = 0x0000, other_y = 0x1000, x = 0x2000, base = 0x3000, vect_12 = 0x4000,
                          low = 0x6000, high = 0x8000;
  const auto raw = [&](const std::vector<std::uint64_t>& all) { return read("a.raw", evt3 + words<2>(all)); };
  EXPECT_THAT(raw({y | 1, x | 1, base | 2, vect_12 | 1, low | 7, high | 2, x | 2, vect_12 | 1}),
              ElementsAre(CameraEvent{8192, 2, 1, false}, CameraEvent{8192, 14, 1, false}));
  EXPECT_THAT(raw({high | 2, x | 2, vect_12 | 1, y | 3, x | 4, vect_12 | 1, base | 8, vect_12 | 1,
                   other_y | 5, x | 6, vect_12 | 1, y | 4, vect_12 | 1}),
              ElementsAre(CameraEvent{8192, 4, 3, false}, CameraEvent{8192, 8, 3, false},
                          CameraEvent{8192, 8 + 24, 4, false}));
}

TEST_F(EventFiles, OfEvt3PassOverTriggersAndWhatIsTheVendors) {
  EXPECT_THAT(read("a.raw", evt3 + words<2>({0x8000, 0x0005, 0xA001, 0x2001, 0xE014, 0xF123, 0xF456, 0x7007,
                                             0x9FFF, 0xBFFF, 0xCFFF, 0xDFFF, 0x2002})),
              ElementsAre(CameraEvent{0, 1, 5, false}, CameraEvent{0, 2, 5, false}));
}

TEST_F(EventFiles, OfEvt3HaveAClockOf24Bits) {
  constexpr std::uint64_t low = 0x6000, high = 0x8000, x = 0x2000;
  constexpr std::int64_t range = std::int64_t{1} << 24;
  const Recording found =
      read("a.raw", evt3 + words<2>({0x8FFF, 0x0001, low | 4095, x, high | 0, x, low | 3, x, high | 0, x,
                                     high | 2, x, high | 1, x, high | 0xFFF, x, high | 0, x}));
  std::vector<std::int64_t> times;
  for (const CameraEvent& e : found) times.push_back(e.time_us);
  // The lower bits begin at 0 with new upper ones; upper ones that come again change nothing.
  EXPECT_THAT(times, ElementsAre(range - 1, range, range + 3, range + 3, range + 8192, range + 4096,
                                 2 * range - 4096, 2 * range));
}

// However far the vectors go.
TEST_F(EventFiles, OfEvt3StayBesideTheSensorWhereTheirVectorsLeaveIt) {
  std::vector<std::uint64_t> all{0x8000, 0x0001, 0x37FF};
  all.insert(all.end(), 100000, 0x4800);
  for (const CameraEvent& e : read("a.raw", evt3 + words<2>(all))) ASSERT_GT(e.x, 2047);
}

TEST_F(EventFiles, SayTheirEncodingAndSensorInTheirHeader) {
  const auto sensor = [&](const std::string& header) { return open("a.raw", header)->sensor(); };
  EXPECT_EQ(sensor("% evt 3.0\n% geometry 1280x720\n% end\n"), (ImageSize{720, 1280}));
  EXPECT_EQ(sensor("% format EVT2;height=480;width=640\n"), (ImageSize{480, 640}));
  EXPECT_EQ(sensor("% evt 3.0 \r\n% Width 304\r\n% Height 240\r\n"), (ImageSize{240, 304}));
  EXPECT_EQ(sensor("% date 2020-01-02 03:04:05\n% evt 2.0\n% geometry\n% end\n"), std::nullopt);
  // A header may end without saying so.
  EXPECT_EQ(read("a.raw", "% evt 2.0\n" + evt2_words({{70, 1, 2, true}})), (Recording{{70, 1, 2, true}}));
  EXPECT_EQ(read("a.raw", "% format EVT3\n% end\n" + evt3_words({{70, 1, 2, true}})),
            (Recording{{70, 1, 2, true}}));
}

TEST_F(EventFiles, OfOtherEncodingsAreRefusedWithTheWayOut) {
  const auto raw = [&](const std::string& header) { return refusal("a.raw", header); };
  EXPECT_THAT(raw("% evt 2.1\n% format EVT21;endianness=legacy;height=720;width=1280\n% end\n"),
              AllOf(HasSubstr("a.raw: has events of EVT21 (endianness legacy); EVT2 and EVT3 are read"),
                    HasSubstr("metavision_file_to_dat")));
  EXPECT_THAT(raw("% evt 2.1\n"), HasSubstr("has events of EVT 2.1;"));
  EXPECT_THAT(raw("% evt 4.0\n% end\n"), HasSubstr("has events of EVT 4.0;"));
  EXPECT_THAT(raw("% format HISTO3D;height=320;width=320\n"), HasSubstr("has events of HISTO3D;"));
  EXPECT_THAT(raw("% format EVT3;endianness=big\n"), HasSubstr("has events of EVT3 (endianness big);"));
  EXPECT_THAT(raw("% date 2014-01-01\n"), HasSubstr("a.raw: does not say how its events are encoded"));
  EXPECT_THAT(raw(""), HasSubstr("does not say how its events are encoded"));
  EXPECT_THAT(raw("% evt 2.0\n% ge"), HasSubstr("is cut short: its header ends in a line"));
  EXPECT_THAT(raw("% evt 2.0\n% " + std::string(70000, 'x')), HasSubstr("a header of more than 65536 bytes"));
  EXPECT_THAT(raw("% evt 2.0\n% end\n12345"),
              HasSubstr("is cut short: 5 bytes behind its header, no whole number of words of 4"));
}

// ---- Prophesee's DAT files

TEST_F(EventFiles, OfDatHaveEightBytesAnEvent) {
  const Recording events = some_events(3000, (std::int64_t{1} << 32) - 100000);  // the clock runs over
  ASSERT_GT(events.back().time_us, std::int64_t{1} << 32);
  for (const std::size_t at_once : {1, 7, 5000}) EXPECT_EQ(read("a.dat", dat_file(events), at_once), events);
  EXPECT_EQ(open("a.dat", dat_file(events))->sensor(), (ImageSize{480, 640}));
  EXPECT_THAT(read("a.dat", std::string("% Version 2\n\0\x08", 14) + words<4>({7, 0x1FFFFFFF, 5, 0})),
              ElementsAre(CameraEvent{7, 16383, 16383, true}, CameraEvent{5, 0, 0, false}));
}

TEST_F(EventFiles, OfDatAreRefusedWhereTheyHoldSomethingElse) {
  const auto dat = [&](const std::string& bytes) { return refusal("a.dat", bytes); };
  EXPECT_THAT(dat("hello"), HasSubstr("a.dat: is no DAT file of version 2"));
  EXPECT_THAT(dat("% Version 1\n\x0c\x08"),
              AllOf(HasSubstr("of version 1, version 2 is read"), HasSubstr("metavision_file_to_dat")));
  EXPECT_THAT(dat("% Version 2\n\x0c"), HasSubstr("is cut short: it ends in its header"));
  EXPECT_THAT(dat("% Version 2\n\x0e\x08"),
              HasSubstr("has events of type 14 and 8 bytes, expected a pixel's"));
  EXPECT_THAT(dat("% Version 2\n\x0c\x10"), HasSubstr("type 12 and 16 bytes"));
  EXPECT_THAT(dat("% Version 2\n\x0c\x08three"), HasSubstr("5 bytes behind its header, no whole number"));
  EXPECT_THAT(dat("% Version 2\n\x0c\x08" + words<4>({1, 2, 3, 0x5U << 28})),
              HasSubstr("event 1: has polarity 5, expected 0 or 1"));
}

// ---- AEDAT 4

TEST_F(EventFiles, OfAedat4ArePacketsOfOneStream) {
  const Recording events = some_events(3001, 1700000000000000);
  for (const std::size_t at_once : {1, 7, 5000}) {
    EXPECT_EQ(read("a.aedat4", aedat4_file(events), at_once), events);
    EXPECT_EQ(read("b.aedat4", aedat4_file(events, {.lz4 = true}), at_once), events);
    EXPECT_EQ(read("c.aedat4", aedat4_file(events, {.lz4 = true, .interrupted = true}), at_once), events);
  }
  EXPECT_EQ(open("a.aedat4", aedat4_file(events))->sensor(), (ImageSize{480, 640}));
  // Whatever the table of packets behind them says.
  EXPECT_EQ(read("a.aedat4", aedat4_file(events) + "table"), events);
  EXPECT_THAT(read("a.aedat4", aedat4_file({})), IsEmpty());
}

TEST_F(EventFiles, OfAedat4AreRefusedWhereTheyCannotBeRead) {
  const Recording events = some_events(12);
  const auto aedat = [&](const Aedat4Options& options) {
    return refusal("a.aedat4", aedat4_file(events, options));
  };
  EXPECT_THAT(refusal("a.aedat4", "#!AER-DAT3.1\r\n......"), HasSubstr("a.aedat4: is no AEDAT 4 file"));
  EXPECT_THAT(aedat({.compression = 3}),
              AllOf(HasSubstr("is compressed by method Zstandard; LZ4 is read"), HasSubstr("dv-processing")));
  EXPECT_THAT(aedat({.compression = 77}), HasSubstr("method 77"));
  EXPECT_THAT(aedat({.event_streams = 2}), HasSubstr("has 2 streams of events in its header, expected one"));
  EXPECT_THAT(aedat({.event_streams = 0}), HasSubstr("has 0 streams of events"));
  EXPECT_THAT(aedat({.compression = 1}), AllOf(HasSubstr("packet at byte"), HasSubstr("liblz4 says")));
  std::string file = aedat4_file(events);
  file.replace(file.find("EVTS", file.find("XYZ")), 4, "FRME");
  EXPECT_THAT(refusal("a.aedat4", file), HasSubstr("is damaged: it does not say that it is EVTS"));
  file = aedat4_file(events);
  file.replace(file.find("IOHE"), 4, "IOHO");
  EXPECT_THAT(refusal("a.aedat4", file), HasSubstr("its header is damaged: it does not say that it is IOHE"));
  EXPECT_THAT(refusal("a.aedat4", aedat4_file({{std::int64_t{1} << 60, 1, 1, true}})),
              HasSubstr("is damaged: an event has t 1152921504606846976 us"));
}

// ---- all formats

// What is left of a file that ends early: whole events, where the format has no end of its own to miss.
TEST_F(EventFiles, AreShorterOrRefusedWhereTheyAreCutShort) {
  const Recording events = some_events(12);
  struct Case {
    std::string name, bytes;
    std::size_t header;
    std::size_t longest;  // of the shorter recordings; 0 where the format has an end
  };
  const std::string dat = dat_file(events);
  const std::vector<Case> cases{
      {"a.bin", atis_bin({{5, 1, 2, true}, {9, 3, 4, false}, {700, 33, 0, true}}), 0, 2},
      {"a.raw", evt2 + evt2_words(events), evt2.size(), 11},
      {"b.raw", evt3 + evt3_words(events), evt3.size(), 11},
      {"a.dat", dat, dat.size() - 8 * events.size(), 11},
      {"a.aedat4", aedat4_file(events), 0, 0},
      {"b.aedat4", aedat4_file(events, {.lz4 = true}), 0, 0},
      {"c.aedat4", aedat4_file(events, {.interrupted = true}), 0, 10},
      {"a.npz", npz_recording(events), 0, 0},
      {"b.npz", npz_recording(events, true), 0, 0},
      {"a.h5", hdf5_recording(events), 0, 0},
      {"b.h5", hdf5_recording(events, "events"), 0, 0}};
  for (const auto& [name, whole, header, most] : cases) {
    const Recording all = read(name, whole);
    ASSERT_FALSE(all.empty()) << name;
    Recording longest;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      try {
        const Recording found = read(name, whole.substr(0, length));
        ASSERT_GT(most, 0U) << name << ' ' << length;
        ASSERT_THAT(found, ElementsAreArray(all.begin(), all.begin() + found.size()))
            << name << ' ' << length;
        ASSERT_GE(found.size(), longest.size()) << name << ' ' << length;
        ASSERT_TRUE(length > header || found.empty()) << name << ' ' << length;
        longest = found;
      } catch (const InputError& error) {
        ASSERT_THAT(error.what(), AllOf(HasSubstr(name), testing::Not(HasSubstr("\n")))) << length;
      }
    }
    EXPECT_EQ(longest.size(), most) << name;
  }
}

TEST_F(EventFiles, OfAllFormatsMakeTheSameSamples) {
  const Recording events = some_events(500);
  scratch_.put("set/a/1.raw", evt2 + evt2_words(events));
  scratch_.put("set/a/2.raw", evt3 + evt3_words(events));
  scratch_.put("set/b/3.dat", dat_file(events));
  scratch_.put("set/b/4.npz", npz_recording(events));
  scratch_.put("set/b/5.H5", hdf5_recording(events));
  scratch_.put("set/b/6.aedat4", aedat4_file(events, {.lz4 = true}));
  const auto data = open_data("events:" + scratch_.file("set"), "test");
  EXPECT_EQ(data->shape(), (Shape{2, 480, 640}));
  ASSERT_EQ(data->size(), 6);
  Sample first, other;
  data->fetch(0, first);
  EXPECT_EQ(first.events.size(), events.size());
  const auto is_equal = [](const InputEvent& a, const InputEvent& b) {
    return a.step == b.step && a.place == b.place;
  };
  for (std::int64_t i = 1; i < data->size(); ++i) {
    data->fetch(i, other);
    EXPECT_TRUE(std::equal(other.events.begin(), other.events.end(), first.events.begin(), first.events.end(),
                           is_equal))
        << i;
    EXPECT_EQ(other.steps, first.steps) << i;
  }
}

TEST_F(EventFiles, OfOtherFormatsAreRefusedWithTheWayOut) {
  for (const char* const name : {"a/1.aedat", "a/1.mat", "a/1.bag"}) {
    const Scratch scratch;
    scratch.put(name, "");
    EXPECT_THAT(input_error([&] { open_data("events:" + scratch.path(), "test"); }),
                AllOf(HasSubstr(name), HasSubstr("save its arrays as x, y, t and p of an .npz file")));
  }
}

TEST_F(EventFiles, AreNeverReadWhereTheyWouldBeReplaced) {
  const Recording events = some_events(2);
  for (const auto& [name, bytes] :
       {std::pair("a.raw", evt2 + evt2_words(events)), std::pair("a.dat", dat_file(events)),
        std::pair("a.aedat4", aedat4_file(events)), std::pair("a.npz", npz_recording(events)),
        std::pair("a.h5", hdf5_recording(events))}) {
    scratch_.put(name, bytes);
    const FileUse use;
    will_write("--record", scratch_.file(name));
    EXPECT_THAT(input_error([&] { open_event_file(scratch_.file(name)); }),
                HasSubstr("--record: would replace"));
  }
}

}  // namespace
}  // namespace rheobase

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "experiments/data/event_file.h"
#include "tests/experiments/data/event_recording.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {

using Recording = std::vector<CameraEvent>;

// Files of events that a test writes and reads back.
class EventFiles : public testing::Test {
 protected:
  std::unique_ptr<EventFile> open(const std::string& name, const std::string& bytes) const {
    return open_event_file(scratch_.put(name, bytes));
  }
  Recording read(const std::string& name, const std::string& bytes, std::size_t at_once = 7) const {
    return read_events(*open(name, bytes), at_once);
  }
  // What is said of a file that is opened and read.
  std::string refusal(const std::string& name, const std::string& bytes) const {
    return input_error([&] { read(name, bytes); });
  }

  const Scratch scratch_;
};

// `count` events, a few microseconds apart, over a sensor of 640 x 480.
inline Recording some_events(int count, std::int64_t first_us = 0) {
  Recording events;
  std::uint64_t state = 17;
  std::int64_t time = first_us;
  for (int i = 0; i < count; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    time += static_cast<std::int64_t>(state >> 40) % 1000;
    events.push_back({time, static_cast<std::int32_t>((state >> 33) % 640),
                      static_cast<std::int32_t>((state >> 20) % 480), (state >> 60 & 1) != 0});
  }
  return events;
}

inline const std::string evt2 = "% evt 2.0\n% geometry 640x480\n% end\n";  // NOLINT: cannot throw
inline const std::string evt3 = "% evt 3.0\n% geometry 640x480\n% end\n";  // NOLINT

}  // namespace rheobase

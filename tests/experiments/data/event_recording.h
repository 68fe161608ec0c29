#pragma once

#include <string>
#include <vector>

#include "experiments/data/event_file.h"

namespace rheobase {

/// The bytes of an N-MNIST file.
inline std::string atis_bin(const std::vector<CameraEvent>& events) {
  std::string bytes;
  for (const CameraEvent& e : events) {
    const auto put = [&](std::int64_t byte) { bytes.push_back(static_cast<char>(byte)); };
    put(e.x);
    put(e.y);
    put((e.on ? 0x80 : 0) | (e.time_us >> 16 & 0x7F));
    put(e.time_us >> 8 & 0xFF);
    put(e.time_us & 0xFF);
  }
  return bytes;
}

/// All that is left of a recording.
inline std::vector<CameraEvent> read_events(EventFile& file, std::size_t at_once = 7) {
  std::vector<CameraEvent> all, some(at_once);
  while (const std::size_t count = file.read(some)) all.insert(all.end(), some.begin(), some.begin() + count);
  return all;
}

}  // namespace rheobase

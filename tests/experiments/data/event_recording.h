#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiments/data/event_file.h"

namespace rheobase {

inline void PrintTo(const CameraEvent& e, std::ostream* to) {
  *to << e.time_us << " us (" << e.x << ", " << e.y << ") " << (e.on ? "on" : "off");
}

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

/// Words of `Bytes` bytes, little endian.
template <std::size_t Bytes>
std::string words(const std::vector<std::uint64_t>& values) {
  std::string bytes;
  for (const std::uint64_t value : values) {
    for (std::size_t i = 0; i < Bytes; ++i) bytes.push_back(static_cast<char>(value >> 8 * i & 0xFF));
  }
  return bytes;
}

/// The words of Prophesee's encodings for events in order of time, each with no more than it needs.
std::string evt2_words(const std::vector<CameraEvent>& events);
std::string evt3_words(const std::vector<CameraEvent>& events);
/// A DAT file of version 2.
std::string dat_file(const std::vector<CameraEvent>& events);

/// An AEDAT 4 file of packets of five events; one that was `interrupted` does not say where they end.
struct Aedat4Options {
  bool lz4 = false;
  bool interrupted = false;
  std::int32_t compression = -1;  ///< to say another than is used
  int event_streams = 1;          ///< to announce
};
std::string aedat4_file(const std::vector<CameraEvent>& events, const Aedat4Options& options = {});

/// A .npy file of a list of values; `type` is NumPy's, as `<i8`.
std::string npy_file(const std::string& type, const std::string& shape, const std::string& values);
/// An archive of such members, named without their .npy.
std::string zip_file(const std::vector<std::pair<std::string, std::string>>& members, bool deflate = false);
/// x and y as uint16, t as int64, p as uint8.
std::string npz_recording(const std::vector<CameraEvent>& events, bool deflate = false);
/// The same in HDF5, in `group` where one is named; `chunk` values in a deflated chunk, 0 for none.
std::string hdf5_recording(const std::vector<CameraEvent>& events, const std::string& group = "",
                           std::uint64_t chunk = 0);

/// All that is left of a recording.
inline std::vector<CameraEvent> read_events(EventFile& file, std::size_t at_once = 7) {
  std::vector<CameraEvent> all, some(at_once);
  while (const std::size_t count = file.read(some)) all.insert(all.end(), some.begin(), some.begin() + count);
  return all;
}

}  // namespace rheobase

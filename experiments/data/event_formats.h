#pragma once

// One function a format; open_event_file() chooses.

#include <cstdint>
#include <memory>
#include <string>

#include "experiments/data/event_file.h"

namespace rheobase {

/// In microseconds: 285 years either way, and the last that is exact as double. Files that say more are
/// refused.
inline constexpr std::int64_t max_event_time_us = std::int64_t{1} << 53;
/// Of a sensor, in pixels.
inline constexpr std::int64_t max_sensor_edge = 1 << 14;

/// N-MNIST and N-Caltech101 (Orchard et al., Front. Neurosci. 9:437, 2015): five bytes an event, x, y, and in
/// 24 bits, the largest first, the polarity and the time in microseconds. An event in row 240 is none: the
/// time has passed another 2^13.
std::unique_ptr<EventFile> open_atis_bin(const std::string& path);

/// Prophesee's EVT 2.0 and EVT 3.0; the text at the beginning says which.
std::unique_ptr<EventFile> open_prophesee_raw(const std::string& path);

/// Prophesee's DAT, version 2: eight bytes an event.
std::unique_ptr<EventFile> open_prophesee_dat(const std::string& path);

/// AEDAT 4 of iniVation's DV, packed by LZ4 or not at all.
std::unique_ptr<EventFile> open_aedat4(const std::string& path);

/// Arrays x, y, t and p of one length: whole numbers, t in microseconds, or real numbers, t in seconds; p is
/// 1 where it got brighter, else 0 or -1.
std::unique_ptr<EventFile> open_npz_events(const std::string& path);

/// The same as HDF5 datasets of the root, or of a group `events`.
std::unique_ptr<EventFile> open_hdf5_events(const std::string& path);

}  // namespace rheobase

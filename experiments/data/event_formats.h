#pragma once

// One function a format; open_event_file() chooses.

#include <memory>
#include <string>

#include "experiments/data/event_file.h"

namespace rheobase {

/// N-MNIST and N-Caltech101 (Orchard et al., Front. Neurosci. 9:437, 2015): five bytes an event, x, y, and in
/// 24 bits, the largest first, the polarity and the time in microseconds. An event in row 240 is none: the
/// time has passed another 2^13.
std::unique_ptr<EventFile> open_atis_bin(const std::string& path);

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "experiments/data/event_file.h"
#include "sim/engine/runner.h"

namespace rheobase {

/// How a stream of events becomes the steps of a sample, {2, H, W}: channel 0 what got darker, 1 what got
/// brighter. A step begins with the recording's first event.
struct EventBinning {
  std::int64_t dt_us = 1000;           ///< length of a step
  std::optional<std::int64_t> bins{};  ///< cut into so many steps instead, each recording by itself
  bool bits = false;                   ///< a place has one event a step at most
  std::optional<std::int64_t> crop{};  ///< crop x crop pixels from the middle
  std::int64_t downsample = 1;         ///< then so many pixels, each way, become one
  std::optional<ImageSize> size{};     ///< of the sensor, where files do not say
  /// A recording of more events is not held but read while its sample runs, if they are in the order of their
  /// steps.
  std::size_t most_held = std::size_t{1} << 16;

  /// What of it a network's answers depend on, the same for equal binnings: `1000 us, counts`, `5 bins, bits,
  /// crop 30`.
  std::string text() const;
  /// Of samples of such a sensor. Throws InputError naming `spec` where nothing is left of it.
  Shape shape(const ImageSize& sensor, const std::string& spec) const;
  /// Reads a recording; what of it the sensor of `sensor` pixels does not have is an InputError naming
  /// `path`. Its events, or their stream where they are more than most_held.
  void read(const std::string& path, const ImageSize& sensor, Sample& sample) const;
};

/// A folder and how its recordings are binned.
struct EventPlace {
  std::string folder;
  EventBinning binning;
};

/// `DIR[,dt=500us][,bins=N][,events=bits][,crop=N][,downsample=N][,size=HxW]`; dt in us, ms or s. `spec` is
/// for the message of the InputError.
EventPlace parse_event_place(const std::string& spec, const std::string& place);

}  // namespace rheobase

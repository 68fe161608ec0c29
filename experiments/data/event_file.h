#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "experiments/data/image_transform.h"

namespace rheobase {

/// What a pixel of an event camera reported.
struct CameraEvent {
  std::int64_t time_us = 0;
  std::int32_t x = 0;  ///< column
  std::int32_t y = 0;  ///< row
  bool on = false;     ///< it got brighter

  bool operator==(const CameraEvent&) const = default;
};

/// The events of one recording in the order of its file, read piece by piece.
class EventFile {
 public:
  virtual ~EventFile() = default;

  /// Of the camera, as far as the file says.
  virtual std::optional<ImageSize> sensor() const { return std::nullopt; }
  /// The next events, as many as fit; their number, 0 behind the last. Throws InputError naming the file
  /// where it is damaged.
  virtual std::size_t read(std::span<CameraEvent> events) = 0;
};

/// Opens a recording by its ending (event_formats.h): .bin and .bs2 of N-MNIST, .raw and .dat of Prophesee,
/// .aedat4 of iniVation, .npz, .h5 and .hdf5 of arrays. Throws InputError naming the file.
std::unique_ptr<EventFile> open_event_file(const std::string& path);

/// Whether open_event_file() knows the ending.
bool is_event_file(const std::string& path);

}  // namespace rheobase

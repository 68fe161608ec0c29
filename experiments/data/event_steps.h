#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "experiments/data/event_binning.h"

namespace rheobase {

/// Of a sample.
inline constexpr std::int64_t max_sample_steps = 1 << 20;

/// The step and the place of a camera's events in a sample, as a binning has them.
class EventSteps {
 public:
  /// Steps begin at `start_us` and last `dt_us`; without a start, at the first event that is asked for.
  EventSteps(const EventBinning& binning, const std::string& path, const ImageSize& sensor,
             std::int64_t dt_us, std::optional<std::int64_t> start_us);

  /// The step of the next event of the file, from 1 on: what comes late, with an earlier time than the first,
  /// belongs to the first step. Throws InputError for an event beyond the sensor or too late.
  std::int64_t step_of(const CameraEvent& event);
  /// Nothing for what is cropped away, or does not fill a pixel.
  std::optional<std::int32_t> place_of(const CameraEvent& event) const;

  std::int64_t count() const { return count_; }  ///< events that were asked for
  std::optional<std::int64_t> start_us() const { return start_us_; }
  std::int64_t dt_us() const { return dt_us_; }

 private:
  std::string path_;
  ImageSize sensor_;
  std::int64_t dt_us_;
  std::optional<std::int64_t> start_us_;
  std::int64_t count_ = 0;
  std::int64_t factor_, height_, width_;
  std::int64_t top_ = 0, left_ = 0;
};

}  // namespace rheobase

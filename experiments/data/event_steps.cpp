#include "experiments/data/event_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"

namespace rheobase {

EventSteps::EventSteps(const EventBinning& binning, const std::string& path, const ImageSize& sensor,
                       std::int64_t dt_us, std::optional<std::int64_t> start_us)
    : path_(path), sensor_(sensor), dt_us_(dt_us), start_us_(start_us), factor_(binning.downsample) {
  const Shape shape = binning.shape(sensor, path);
  height_ = shape[1];
  width_ = shape[2];
  if (!binning.crop) return;
  top_ = (sensor.height - *binning.crop) / 2;
  left_ = (sensor.width - *binning.crop) / 2;
}

std::int64_t EventSteps::step_of(const CameraEvent& event) {
  const auto refuse = [&](const std::string& what) {
    throw InputError(path_, fmt::format("event {}", count_), what);
  };
  if (event.x < 0 || event.y < 0 || event.x >= sensor_.width || event.y >= sensor_.height)
    refuse(fmt::format("is at x {}, y {}, and the sensor has {}x{} pixels (size=HxW says otherwise)", event.x,
                       event.y, sensor_.width, sensor_.height));
  if (!start_us_) start_us_ = event.time_us;
  const std::int64_t step = std::max<std::int64_t>(0, event.time_us - *start_us_) / dt_us_ + 1;
  if (step > max_sample_steps)
    refuse(fmt::format("comes {} us behind the first, more than {} steps of {} us: give a longer dt",
                       event.time_us - *start_us_, max_sample_steps, dt_us_));
  ++count_;
  return step;
}

std::optional<std::int32_t> EventSteps::place_of(const CameraEvent& event) const {
  const std::int64_t y = event.y - top_, x = event.x - left_;
  if (y < 0 || x < 0 || y / factor_ >= height_ || x / factor_ >= width_) return std::nullopt;
  return static_cast<std::int32_t>(((event.on ? 1 : 0) * height_ + y / factor_) * width_ + x / factor_);
}

}  // namespace rheobase

#include "experiments/data/event_binning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "experiments/data/spec_items.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::int64_t max_edge = 1 << 14;
constexpr std::int64_t max_sample_steps = 1 << 20;
constexpr std::int64_t max_dt_us = std::int64_t{3600} * 1000 * 1000;

// `500us`, `2ms`, `1s`; microseconds.
std::optional<std::int64_t> microseconds(std::string_view text) {
  for (const auto& [unit, factor] : {std::pair("us", 1), std::pair("ms", 1000), std::pair("s", 1000000)}) {
    const std::string_view suffix(unit);
    if (!text.ends_with(suffix)) continue;
    const auto count = positive_number(text.substr(0, text.size() - suffix.size()), max_dt_us / factor);
    if (count) return *count * factor;
  }
  return std::nullopt;
}

std::optional<ImageSize> size_of(std::string_view text) {
  const std::size_t cross = text.find('x');
  if (cross == std::string_view::npos) return std::nullopt;
  const auto height = positive_number(text.substr(0, cross), max_edge);
  const auto width = positive_number(text.substr(cross + 1), max_edge);
  if (!height || !width) return std::nullopt;
  return ImageSize{*height, *width};
}

void set(EventBinning& binning, const std::string& name, const std::string& value, const std::string& spec) {
  const auto expect = [&](bool right, const char* expected) {
    if (!right) throw InputError(spec, name, fmt::format("'{}': expected {}", value, expected));
  };
  if (name == "dt") {
    const auto dt = microseconds(value);
    expect(dt.has_value(), "a whole number of us, ms or s, as in dt=500us");
    binning.dt_us = *dt;
  } else if (name == "bins") {
    binning.bins = positive_number(value, max_sample_steps);
    expect(binning.bins.has_value(), "how many steps a recording is cut into, from 1 on");
  } else if (name == "events") {
    expect(value == "counts" || value == "bits", "counts or bits");
    binning.bits = value == "bits";
  } else if (name == "crop") {
    binning.crop = positive_number(value, max_edge);
    expect(binning.crop.has_value(), "how many pixels stay each way");
  } else if (name == "downsample") {
    const auto factor = positive_number(value, max_edge);
    expect(factor.has_value(), "how many pixels, each way, become one");
    binning.downsample = *factor;
  } else {
    binning.size = size_of(value);
    expect(binning.size.has_value(), "the sensor's HxW");
  }
}

// Where an event of the sensor lies in a sample.
class Places {
 public:
  Places(const EventBinning& binning, const ImageSize& sensor, const Shape& shape)
      : factor_(binning.downsample), height_(shape[1]), width_(shape[2]) {
    if (!binning.crop) return;
    top_ = (sensor.height - *binning.crop) / 2;
    left_ = (sensor.width - *binning.crop) / 2;
  }

  // Nothing for what is cropped away, or does not fill a pixel.
  std::optional<std::int32_t> of(const CameraEvent& event) const {
    const std::int64_t y = event.y - top_, x = event.x - left_;
    if (y < 0 || x < 0 || y / factor_ >= height_ || x / factor_ >= width_) return std::nullopt;
    return static_cast<std::int32_t>(((event.on ? 1 : 0) * height_ + y / factor_) * width_ + x / factor_);
  }

 private:
  std::int64_t factor_, height_, width_;
  std::int64_t top_ = 0, left_ = 0;
};

// Calls visit(event) for each of a recording; how many there are.
template <class Visit>
std::int64_t for_events(const std::string& path, const Visit& visit) {
  const auto file = open_event_file(path);
  std::array<CameraEvent, 1024> some;
  std::int64_t count = 0;
  while (const std::size_t read = file->read(some)) {
    for (const CameraEvent& event : std::span(some).first(read)) visit(event);
    count += static_cast<std::int64_t>(read);
  }
  return count;
}

[[noreturn]] void refuse_empty(const std::string& path) { throw InputError(path, "", "holds no events"); }

// Of a recording: when it begins and ends; the end comes first where it holds no events.
std::pair<std::int64_t, std::int64_t> span_of(const std::string& path) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max(),
               last = std::numeric_limits<std::int64_t>::min();
  for_events(path, [&](const CameraEvent& event) {
    first = std::min(first, event.time_us);
    last = std::max(last, event.time_us);
  });
  return {first, last};
}

}  // namespace

std::string EventBinning::text() const {
  std::string result = bins ? fmt::format("{} bins", *bins) : fmt::format("{} us", dt_us);
  result += bits ? ", bits" : ", counts";
  if (crop) result += fmt::format(", crop {}", *crop);
  if (downsample > 1) result += fmt::format(", downsample {}", downsample);
  return result;
}

Shape EventBinning::shape(const ImageSize& sensor, const std::string& spec) const {
  const std::int64_t height = crop.value_or(sensor.height), width = crop.value_or(sensor.width);
  if (height > sensor.height || width > sensor.width)
    throw InputError(spec, "crop",
                     fmt::format("{}, of a sensor of {}x{}", *crop, sensor.height, sensor.width));
  if (downsample > std::min(height, width))
    throw InputError(spec, "downsample", fmt::format("{}, of {}x{} pixels", downsample, height, width));
  return {2, height / downsample, width / downsample};
}

void EventBinning::read(const std::string& path, const ImageSize& sensor, Sample& sample) const {
  sample = {};
  const Shape to = shape(sensor, path);
  const Places places(*this, sensor, to);
  std::optional<std::int64_t> start;
  std::int64_t dt = dt_us, last = 1, number = 0;
  if (bins) {
    const auto [first, end] = span_of(path);
    if (first > end) refuse_empty(path);
    start = first;
    dt = std::max<std::int64_t>(1, (end - first) / *bins + 1);
    last = *bins;
  }
  const std::int64_t count = for_events(path, [&](const CameraEvent& event) {
    if (event.x < 0 || event.y < 0 || event.x >= sensor.width || event.y >= sensor.height)
      throw InputError(
          path, fmt::format("event {}", number),
          fmt::format("is at x {}, y {}, and the sensor has {}x{} pixels (size=HxW says otherwise)", event.x,
                      event.y, sensor.width, sensor.height));
    ++number;
    if (!start) start = event.time_us;
    // What comes late, with an earlier time than the first, belongs to the first step.
    const std::int64_t step = std::max<std::int64_t>(0, event.time_us - *start) / dt + 1;
    if (step > max_sample_steps)
      throw InputError(
          path, fmt::format("event {}", number - 1),
          fmt::format("comes {} us behind the first, more than {} steps of {} us: give a longer dt",
                      event.time_us - *start, max_sample_steps, dt));
    last = std::max(last, step);
    if (const auto place = places.of(event))
      sample.events.push_back({static_cast<std::int32_t>(step), *place});
  });
  if (count == 0) refuse_empty(path);
  sample.steps = last;
  const auto by_step = [](const InputEvent& a, const InputEvent& b) { return a.step < b.step; };
  if (!std::is_sorted(sample.events.begin(), sample.events.end(), by_step))
    std::stable_sort(sample.events.begin(), sample.events.end(), by_step);
  if (!bits) return;
  const auto order = [](const InputEvent& e) { return std::tuple(e.step, e.place); };
  std::sort(sample.events.begin(), sample.events.end(),
            [&](const InputEvent& a, const InputEvent& b) { return order(a) < order(b); });
  sample.events.erase(
      std::unique(sample.events.begin(), sample.events.end(),
                  [&](const InputEvent& a, const InputEvent& b) { return order(a) == order(b); }),
      sample.events.end());
}

EventPlace parse_event_place(const std::string& spec, const std::string& place) {
  EventPlace result{place, {}};
  std::string seen;
  while (const auto item = take_item(result.folder, {"dt", "bins", "events", "crop", "downsample", "size"})) {
    const auto& [name, value] = *item;
    if (seen.find(" " + name) != std::string::npos) throw InputError(spec, name, "given twice");
    seen += " " + name;
    set(result.binning, name, value, spec);
  }
  if (seen.find(" dt") != std::string::npos && seen.find(" bins") != std::string::npos)
    throw InputError(spec, "bins", "does not go with dt: one of them says how long a step is");
  if (result.folder.empty()) throw InputError(spec, "no folder given", "expected a folder of recordings");
  return result;
}

}  // namespace rheobase

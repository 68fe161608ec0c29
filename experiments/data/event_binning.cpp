#include "experiments/data/event_binning.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/data/event_steps.h"
#include "experiments/data/spec_items.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::int64_t max_edge = 1 << 14;
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

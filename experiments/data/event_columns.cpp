#include "experiments/data/event_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/data/event_formats.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::uint64_t block_events = 1 << 13;

// Numbers that were in microseconds all along would make a recording a million times as long.
bool look_like_microseconds(std::span<const double> times) {
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  return *last - *first >= 1.0 &&
         std::all_of(times.begin(), times.end(), [](double time) { return time == std::floor(time); });
}

}  // namespace

EventColumns::EventColumns(std::string path, std::uint64_t count, bool seconds)
    : path_(std::move(path)), count_(count), seconds_(seconds) {}

std::size_t EventColumns::read(std::span<CameraEvent> events) {
  std::size_t count = 0;
  while (count < events.size() && (at_ < block_.size() || read_block())) {
    const std::size_t more = std::min(events.size() - count, block_.size() - at_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(at_), more, events.begin() + count);
    at_ += more;
    count += more;
  }
  return count;
}

bool EventColumns::read_block() {
  first_ += block_.size();
  const std::uint64_t left = count_ - first_;
  block_.resize(std::min(block_events, left));
  at_ = 0;
  if (left == 0) {
    if (!finished_) finish();
    finished_ = true;
    return false;
  }
  values_.resize(block_.size());
  read_places(Column::x);
  read_places(Column::y);
  seconds_ ? read_seconds_of_block() : read_times();
  read_polarities();
  return true;
}

void EventColumns::read_places(Column column) {
  read_column(column, first_, values_);
  for (std::size_t i = 0; i < block_.size(); ++i) {
    if (values_[i] < 0 || values_[i] > std::numeric_limits<std::int32_t>::max())
      refuse(i, fmt::format("is at {} {}", names.at(static_cast<std::size_t>(column)), values_[i]));
    (column == Column::x ? block_[i].x : block_[i].y) = static_cast<std::int32_t>(values_[i]);
  }
}

void EventColumns::read_times() {
  read_column(Column::t, first_, values_);
  for (std::size_t i = 0; i < block_.size(); ++i) {
    if (values_[i] < -max_event_time_us || values_[i] > max_event_time_us)
      refuse(i, fmt::format("has t {} us", values_[i]));
    block_[i].time_us = values_[i];
  }
}

void EventColumns::read_seconds_of_block() {
  times_.resize(block_.size());
  read_seconds(first_, times_);
  for (std::size_t i = 0; i < block_.size(); ++i) {
    const double time_us = times_[i] * 1e6;
    if (!(std::abs(time_us) <= static_cast<double>(max_event_time_us)))
      refuse(i, fmt::format("has t {} s", times_[i]));
    block_[i].time_us = std::llround(time_us);
  }
  if (first_ == 0 && look_like_microseconds(times_))
    throw InputError(path_, "t",
                     "real numbers are seconds, but these are all whole: save microseconds as integers, "
                     "t.astype('int64')");
}

void EventColumns::read_polarities() {
  read_column(Column::p, first_, values_);
  for (std::size_t i = 0; i < block_.size(); ++i) {
    if (values_[i] < -1 || values_[i] > 1)
      refuse(i, fmt::format("has p {}, expected 0 or 1, or -1 or 1", values_[i]));
    has_zero_ = has_zero_ || values_[i] == 0;
    has_negative_ = has_negative_ || values_[i] < 0;
    if (has_zero_ && has_negative_)
      refuse(i, fmt::format("has p {}, and others have {}: which got darker?", values_[i], -1 - values_[i]));
    block_[i].on = values_[i] > 0;
  }
}

void EventColumns::refuse(std::size_t at, const std::string& what) const {
  throw InputError(path_, fmt::format("event {}", first_ + at), what);
}

}  // namespace rheobase

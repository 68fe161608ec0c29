// Recordings into samples: held whole, or read while the sample runs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <tuple>

#include "experiments/data/event_steps.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::size_t events_at_once = 1024;

// Calls visit(event) for each of a recording.
template <class Visit>
void for_events(const std::string& path, const Visit& visit) {
  const auto file = open_event_file(path);
  std::array<CameraEvent, events_at_once> some;
  while (const std::size_t read = file->read(some)) {
    for (const CameraEvent& event : std::span(some).first(read)) visit(event);
  }
}

[[noreturn]] void refuse_empty(const std::string& path) { throw InputError(path, "", "holds no events"); }

// Of a recording: when it begins and ends.
std::pair<std::int64_t, std::int64_t> span_of(const std::string& path) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max(),
               last = std::numeric_limits<std::int64_t>::min();
  for_events(path, [&](const CameraEvent& event) {
    first = std::min(first, event.time_us);
    last = std::max(last, event.time_us);
  });
  if (first > last) refuse_empty(path);
  return {first, last};
}

std::tuple<std::int32_t, std::int32_t> order(const InputEvent& e) { return {e.step, e.place}; }

// One event of a place and step at most, from `first` on.
void keep_bits(std::vector<InputEvent>& events, std::size_t first) {
  const auto begin = events.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(begin, events.end(),
            [](const InputEvent& a, const InputEvent& b) { return order(a) < order(b); });
  events.erase(std::unique(begin, events.end(),
                           [](const InputEvent& a, const InputEvent& b) { return order(a) == order(b); }),
               events.end());
}

bool by_step(const InputEvent& a, const InputEvent& b) { return a.step < b.step; }

// Of a recording whose events are in the order of their steps: holds what it read at once from the file.
class RecordingStream : public EventStream {
 public:
  RecordingStream(std::string path, const EventSteps& steps, bool bits)
      : path_(std::move(path)), steps_(steps), bits_(bits), file_(open_event_file(path_)) {}

  void read(std::int64_t step, std::vector<InputEvent>& events) override {
    const std::size_t first = events.size();
    while (has_next() && next_step_ <= step) {
      if (const auto place = steps_.place_of(some_[at_]))
        events.push_back({static_cast<std::int32_t>(next_step_), *place});
      ++at_;
      known_ = false;
    }
    if (bits_) keep_bits(events, first);
  }

 private:
  // Whether there is an event at some_[at_], whose step is then next_step_.
  bool has_next() {
    if (known_) return true;
    if (at_ == size_) {
      size_ = file_->read(some_);
      at_ = 0;
    }
    if (size_ == 0) return false;
    const std::int64_t step = steps_.step_of(some_[at_]);
    if (step < next_step_) throw InputError(path_, "", "was changed while it was read");
    next_step_ = step;
    known_ = true;
    return true;
  }

  std::string path_;
  EventSteps steps_;
  bool bits_;
  std::unique_ptr<EventFile> file_;
  std::array<CameraEvent, events_at_once> some_;
  std::size_t at_ = 0, size_ = 0;  // of some_: the next, and how many there are
  std::int64_t next_step_ = 1;
  bool known_ = false;  // whether next_step_ is that of some_[at_]
};

// What a recording is, with its events where they are no more than `most_held`.
struct Contents {
  std::vector<InputEvent> events;
  std::int64_t last_step = 1;
  bool sorted = true, held = true;
};

Contents read_contents(const std::string& path, EventSteps& steps, std::size_t most_held) {
  Contents contents;
  std::int64_t before = 1;
  for_events(path, [&](const CameraEvent& event) {
    const std::int64_t step = steps.step_of(event);
    contents.sorted = contents.sorted && step >= before;
    before = step;
    contents.last_step = std::max(contents.last_step, step);
    const auto place = steps.place_of(event);
    if (!place || !contents.held) return;
    contents.held = contents.events.size() < most_held;
    if (contents.held) contents.events.push_back({static_cast<std::int32_t>(step), *place});
  });
  if (!contents.held) contents.events = {};
  return contents;
}

}  // namespace

void EventBinning::read(const std::string& path, const ImageSize& sensor, Sample& sample) const {
  sample = {};
  std::optional<std::int64_t> start;
  std::int64_t dt = dt_us;
  if (bins) {
    const auto [first, end] = span_of(path);
    start = first;
    dt = std::max<std::int64_t>(1, (end - first) / *bins + 1);
  }
  EventSteps steps(*this, path, sensor, dt, start);
  Contents contents = read_contents(path, steps, most_held);
  if (steps.count() == 0) refuse_empty(path);
  sample.steps = bins.value_or(contents.last_step);
  const EventSteps again(*this, path, sensor, dt, steps.start_us());
  if (!contents.held && contents.sorted) {
    sample.stream = std::make_shared<RecordingStream>(path, again, bits);
    return;
  }
  if (!contents.held) {
    EventSteps all = again;
    contents = read_contents(path, all, std::numeric_limits<std::size_t>::max());
  }
  sample.events = std::move(contents.events);
  if (!contents.sorted) std::stable_sort(sample.events.begin(), sample.events.end(), by_step);
  if (bits) keep_bits(sample.events, 0);
}

}  // namespace rheobase

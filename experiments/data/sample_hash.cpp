#include "experiments/data/sample_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "experiments/data/sample_events.h"
#include "sim/core/file.h"
#include "sim/core/hash.h"

namespace rheobase {
namespace {

// What is read at once.
constexpr std::int64_t block_values = std::int64_t{1} << 20;

// Of the events of a sample, whatever their order within a step.
class EventsHash {
 public:
  void add(const InputEvent& event) {
    sum_ += mix64(static_cast<std::uint64_t>(event.step) << 32 | static_cast<std::uint32_t>(event.place));
    ++count_;
  }
  std::uint64_t of(std::int64_t steps, int label) const {
    const auto size = mix64(count_ ^ static_cast<std::uint64_t>(label) << 40);
    return mix64(mix64(size ^ static_cast<std::uint64_t>(steps)) ^ sum_);
  }

 private:
  std::uint64_t sum_ = 0, count_ = 0;
};

std::uint64_t bits_of(float pixel) { return std::bit_cast<std::uint32_t>(pixel + 0.0F); }  // no -0

}  // namespace

std::uint64_t sample_hash(std::span<const float> pixels, int label) {
  // Four chains, since each step of one waits for the last: value i goes to chain i / 2 % 4.
  constexpr std::size_t lanes = 4;
  std::array<std::uint64_t, lanes> lane{1, 2, 3, 4};
  std::size_t i = 0;
  for (; i + 2 * lanes <= pixels.size(); i += 2 * lanes) {
    for (std::size_t k = 0; k < lanes; ++k)
      lane[k] = mix64(lane[k] ^ (bits_of(pixels[i + 2 * k]) | bits_of(pixels[i + 2 * k + 1]) << 32));
  }
  for (; i < pixels.size(); ++i) lane[0] = mix64(lane[0] ^ bits_of(pixels[i]));
  std::uint64_t hash = mix64(pixels.size() ^ static_cast<std::uint64_t>(label) << 40);
  for (const std::uint64_t part : lane) hash = mix64(hash ^ part);
  return hash;
}

std::uint64_t sample_hash(std::span<const InputEvent> events, std::int64_t steps, int label) {
  EventsHash hash;
  for (const InputEvent& event : events) hash.add(event);
  return hash.of(steps, label);
}

std::uint64_t sample_hash(Sample& sample, int label) {
  EventsHash hash;
  for_events_of(sample, [&](const InputEvent& event) { hash.add(event); });
  return hash.of(sample.steps, label);
}

namespace {

std::vector<std::uint64_t> image_hashes(const ImageSet& data, std::int64_t first, std::int64_t count) {
  const std::int64_t values = element_count(data.shape());
  const std::int64_t rows =
      std::clamp<std::int64_t>(block_values / values, 1, std::max<std::int64_t>(count, 1));
  std::vector<float> pixels(rows * values);
  std::vector<std::uint64_t> hashes;
  hashes.reserve(count);
  for (std::int64_t done = 0; done < count; done += rows) {
    const std::int64_t part = std::min(rows, count - done);
    data.read_block(first + done, part, std::span(pixels).first(part * values));
    for (std::int64_t row = 0; row < part; ++row) {
      hashes.push_back(
          sample_hash(std::span(pixels).subspan(row * values, values), data.label(first + done + row)));
    }
  }
  return hashes;
}

}  // namespace

std::vector<std::uint64_t> sample_hashes(const DataSet& data, std::int64_t first, std::int64_t count) {
  if (const auto* images = dynamic_cast<const ImageSet*>(&data)) return image_hashes(*images, first, count);
  std::vector<std::uint64_t> hashes;
  Sample sample;
  for (std::int64_t i = first; i < first + count; ++i) {
    data.fetch(i, sample);
    hashes.push_back(sample_hash(sample, data.label(i)));
  }
  return hashes;
}

std::string samples_sha256(const Shape& shape, std::span<const std::uint64_t> hashes) {
  std::string text = to_string(shape);
  text.reserve(text.size() + 17 * hashes.size());
  for (const std::uint64_t hash : hashes) fmt::format_to(std::back_inserter(text), " {:016x}", hash);
  return sha256(text);
}

SampleOverlap overlap_of(std::span<const std::uint64_t> hashes, std::span<const std::uint64_t> known) {
  SampleOverlap overlap;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (!std::binary_search(known.begin(), known.end(), hashes[i])) continue;
    overlap.last = static_cast<std::int64_t>(i);
    if (overlap.count++ == 0) overlap.first = overlap.last;
  }
  return overlap;
}

bool is_too_much(const SampleOverlap& overlap, std::size_t samples) {
  return 100 * overlap.count > static_cast<std::int64_t>(samples);
}

}  // namespace rheobase

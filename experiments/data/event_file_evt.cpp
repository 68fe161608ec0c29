// Prophesee's .raw files: words as the camera sent them. Both encodings send the upper bits of the time by
// themselves; a clock that runs over starts again at 0, which is told from an event that comes late by how
// far it falls: by half of its range or more.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "experiments/data/byte_stream.h"
#include "experiments/data/event_formats.h"
#include "experiments/data/prophesee_header.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

// The rest of a file as words, little endian.
template <class Word>
class Words {
 public:
  explicit Words(ByteStream bytes) : bytes_(std::move(bytes)) {
    const std::uint64_t left = bytes_.size() - bytes_.offset();
    if (left % sizeof(Word) != 0)
      throw InputError(bytes_.path(), "",
                       fmt::format("is cut short: {} bytes behind its header, no whole number of words of {}",
                                   left, sizeof(Word)));
  }

  std::optional<Word> next() {
    if (at_ == there_) {
      there_ = bytes_.read(buffer_).size() / sizeof(Word) * sizeof(Word);
      at_ = 0;
      if (there_ == 0) return std::nullopt;
    }
    Word word = 0;
    for (std::size_t i = 0; i < sizeof(Word); ++i)
      word = static_cast<Word>(word | static_cast<Word>(buffer_[at_ + i]) << 8 * i);
    at_ += sizeof(Word);
    return word;
  }

 private:
  ByteStream bytes_;
  std::array<std::uint8_t, 4096> buffer_;
  std::size_t at_ = 0, there_ = 0;
};

// The upper bits of a time, `Bits` of them, sent now and then, above `LowBits` others.
template <int Bits, int LowBits>
class Clock {
 public:
  // Nothing has a time before the first of them.
  bool runs() const { return high_.has_value(); }
  // Whether it changed.
  bool set(std::int64_t high) {
    if (high_ == high) return false;
    if (high_ && *high_ - high >= std::int64_t{1} << (Bits - 1)) passed_ += std::int64_t{1} << Bits;
    high_ = high;
    return true;
  }
  std::int64_t time(std::int64_t low) const { return (passed_ + *high_) << LowBits | low; }

 private:
  std::optional<std::int64_t> high_;
  std::int64_t passed_ = 0;
};

class EvtFile : public EventFile {
 public:
  std::optional<ImageSize> sensor() const override { return sensor_; }

 protected:
  explicit EvtFile(std::optional<ImageSize> sensor) : sensor_(sensor) {}

 private:
  std::optional<ImageSize> sensor_;
};

// A word is an event with the lower 6 bits of its time.
class Evt2 : public EvtFile {
 public:
  Evt2(ByteStream bytes, const PropheseeHeader& header)
      : EvtFile(header.sensor()), words_(std::move(bytes)) {}

  std::size_t read(std::span<CameraEvent> events) override {
    constexpr std::uint32_t off = 0x0, on = 0x1, time_high = 0x8;  // others are triggers and of the vendor's
    std::size_t count = 0;
    while (count < events.size()) {
      const auto word = words_.next();
      if (!word) break;
      const std::uint32_t kind = *word >> 28;
      if (kind == time_high) {
        clock_.set(*word & 0xFFFFFFF);
      } else if ((kind == off || kind == on) && clock_.runs()) {
        events[count++] = {clock_.time(*word >> 22 & 0x3F), static_cast<std::int32_t>(*word >> 11 & 0x7FF),
                           static_cast<std::int32_t>(*word & 0x7FF), kind == on};
      }
    }
    return count;
  }

 private:
  Words<std::uint32_t> words_;
  Clock<28, 6> clock_;
};

// Row, lower and upper bits of the time are each sent when they change; then a column alone, or columns as
// the bits of vectors that begin at a base and move it on.
class Evt3 : public EvtFile {
 public:
  Evt3(ByteStream bytes, const PropheseeHeader& header)
      : EvtFile(header.sensor()), words_(std::move(bytes)) {}

  std::size_t read(std::span<CameraEvent> events) override {
    std::size_t count = 0;
    while (count < events.size()) {
      if (bits_ == 0) {
        const auto word = words_.next();
        if (!word) break;
        take(*word >> 12, *word & 0xFFF);
        continue;
      }
      events[count++] = {clock_.time(time_low_), first_ + std::countr_zero(bits_), *row_, on_};
      bits_ &= bits_ - 1;
    }
    return count;
  }

 private:
  enum Kind : std::uint8_t {
    addr_y = 0x0,
    other_y = 0x1,  // of what is no event of light
    addr_x = 0x2,
    vect_base_x = 0x3,
    vect_12 = 0x4,
    vect_8 = 0x5,
    time_low = 0x6,
    time_high = 0x8
  };
  struct Base {
    std::int32_t x;
    bool on;
  };

  void take(int kind, int value) {
    const std::int32_t place = value & 0x7FF;
    const bool on = (value & 0x800) != 0;
    switch (kind) {
      case addr_y:
        row_ = place;
        break;
      case other_y:
        row_.reset();
        break;
      case addr_x:
        hold(1, {place, on});
        break;
      case vect_base_x:
        base_ = {place, on};
        break;
      case vect_12:
        take_vector(value, 12);
        break;
      case vect_8:
        take_vector(value & 0xFF, 8);
        break;
      case time_low:
        time_low_ = value;
        break;
      case time_high:
        if (clock_.set(value)) time_low_ = 0;
        break;
      default:  // triggers, the vendor's, and what continues them
        break;
    }
  }

  void take_vector(int bits, int length) {
    constexpr std::int32_t beyond = 1 << 15;  // any sensor: there a base stays
    if (!base_) return;
    hold(static_cast<unsigned>(bits), *base_);
    base_->x = std::min(base_->x + length, beyond);
  }

  // A file may begin anywhere in a stream: what lacks its time or row says nothing yet.
  void hold(unsigned bits, const Base& base) {
    if (!clock_.runs() || !row_) return;
    bits_ = bits;
    first_ = base.x;
    on_ = base.on;
  }

  Words<std::uint16_t> words_;
  Clock<12, 12> clock_;
  std::int64_t time_low_ = 0;
  std::optional<std::int32_t> row_;
  std::optional<Base> base_;
  // Events that were not yet handed out: one a bit, from column first_ on.
  unsigned bits_ = 0;
  std::int32_t first_ = 0;
  bool on_ = false;
};

// `EVT3` of `% format EVT3;...`, else of `% evt 3.0`; empty where neither stands there.
std::string encoding_of(const PropheseeHeader& header) {
  if (const auto format = header.format_value("")) return *format;
  const std::string version = header.value("evt").value_or("");
  if (version == "2.0") return "EVT2";
  if (version == "3.0") return "EVT3";
  return version.empty() ? "" : "EVT " + version;
}

}  // namespace

std::unique_ptr<EventFile> open_prophesee_raw(const std::string& path) {
  ByteStream bytes(path);
  const PropheseeHeader header(bytes);
  const std::string encoding = encoding_of(header);
  if (encoding.empty())
    throw InputError(path, "",
                     "does not say how its events are encoded: a line '% evt 2.0' or '% evt 3.0' at its "
                     "beginning would");
  const std::string endianness = header.format_value("endianness").value_or("little");
  if (endianness == "little" && encoding == "EVT2") return std::make_unique<Evt2>(std::move(bytes), header);
  if (endianness == "little" && encoding == "EVT3") return std::make_unique<Evt3>(std::move(bytes), header);
  throw InputError(path, "",
                   fmt::format("has events of {}{}; EVT2 and EVT3 are read: convert it by "
                               "metavision_file_to_dat of the Metavision SDK",
                               encoding, endianness == "little" ? "" : " (endianness " + endianness + ")"));
}

}  // namespace rheobase

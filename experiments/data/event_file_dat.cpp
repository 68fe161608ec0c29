#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiments/data/byte_stream.h"
#include "experiments/data/event_formats.h"
#include "experiments/data/prophesee_header.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::size_t event_bytes = 8;

class DatFile : public EventFile {
 public:
  explicit DatFile(const std::string& path) : bytes_(path) {
    const PropheseeHeader header(bytes_);
    sensor_ = header.sensor();
    const auto refuse = [&](const std::string& what) { throw InputError(path, "", what); };
    const std::string version = header.value("version").value_or("");
    if (version != "2")
      refuse(version.empty() ? "is no DAT file of version 2: its text has no line '% Version 2'"
                             : fmt::format("is a DAT file of version {}, version 2 is read: convert it by "
                                           "metavision_file_to_dat of the Metavision SDK",
                                           version));
    std::array<std::uint8_t, 2> kind;
    if (bytes_.read(kind).size() < kind.size()) refuse("is cut short: it ends in its header");
    constexpr int event_2d = 0x00, event_cd = 0x0C;
    if ((kind[0] != event_2d && kind[0] != event_cd) || kind[1] != event_bytes)
      refuse(
          fmt::format("has events of type {} and {} bytes, expected a pixel's: type {} or {}, and {} bytes",
                      kind[0], kind[1], event_2d, event_cd, event_bytes));
    const std::uint64_t left = bytes_.size() - bytes_.offset();
    if (left % event_bytes != 0)
      refuse(fmt::format("is cut short: {} bytes behind its header, no whole number of events of {}", left,
                         event_bytes));
  }

  std::optional<ImageSize> sensor() const override { return sensor_; }

  std::size_t read(std::span<CameraEvent> events) override {
    std::array<std::uint8_t, 4096> buffer;
    std::size_t count = 0;
    while (count < events.size()) {
      const std::size_t wanted = std::min(buffer.size(), (events.size() - count) * event_bytes);
      const auto got = bytes_.read(std::span(buffer).first(wanted));
      for (std::size_t i = 0; i + event_bytes <= got.size(); i += event_bytes)
        events[count++] = event(got.subspan(i, event_bytes));
      if (got.size() < wanted) break;
    }
    return count;
  }

 private:
  // 32 bits of time; 14 of x, 14 of y, 4 of polarity.
  CameraEvent event(std::span<const std::uint8_t> bytes) {
    constexpr std::int64_t clock_range = std::int64_t{1} << 32;
    const auto time = static_cast<std::int64_t>(little_endian(bytes.first(4)));
    const std::uint64_t place = little_endian(bytes.last(4));
    if (last_ - time >= clock_range / 2) passed_us_ += clock_range;
    last_ = time;
    if (place >> 28 > 1)
      throw InputError(bytes_.path(), fmt::format("event {}", number_),
                       fmt::format("has polarity {}, expected 0 or 1", place >> 28));
    ++number_;
    return {passed_us_ + time, static_cast<std::int32_t>(place & 0x3FFF),
            static_cast<std::int32_t>(place >> 14 & 0x3FFF), place >> 28 == 1};
  }

  ByteStream bytes_;
  std::optional<ImageSize> sensor_;
  std::int64_t last_ = 0, passed_us_ = 0, number_ = 0;
};

}  // namespace

std::unique_ptr<EventFile> open_prophesee_dat(const std::string& path) {
  return std::make_unique<DatFile>(path);
}

}  // namespace rheobase

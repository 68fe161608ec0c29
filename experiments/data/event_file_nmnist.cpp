#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiments/data/byte_stream.h"
#include "experiments/data/event_formats.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::size_t event_bytes = 5;
constexpr std::uint8_t overflow_row = 240;
constexpr std::int64_t overflow_us = 1 << 13;

class AtisBin : public EventFile {
 public:
  explicit AtisBin(const std::string& path) : bytes_(path) {
    if (bytes_.size() % event_bytes != 0)
      throw InputError(
          path, "", fmt::format("has {} bytes, no whole number of events of {}", bytes_.size(), event_bytes));
  }

  std::size_t read(std::span<CameraEvent> events) override {
    std::size_t count = 0;
    while (count < events.size()) {
      std::array<std::uint8_t, 4096 / event_bytes * event_bytes> buffer;
      const std::size_t wanted = std::min(buffer.size(), (events.size() - count) * event_bytes);
      const auto got = bytes_.read(std::span(buffer).first(wanted));
      for (std::size_t i = 0; i + event_bytes <= got.size(); i += event_bytes) {
        const auto at = got.subspan(i, event_bytes);
        if (at[1] == overflow_row) {
          passed_us_ += overflow_us;
          continue;
        }
        const std::int64_t time = (at[2] & 0x7F) << 16 | at[3] << 8 | at[4];
        events[count++] = {passed_us_ + time, at[0], at[1], (at[2] & 0x80) != 0};
      }
      if (got.size() < wanted) break;
    }
    return count;
  }

 private:
  ByteStream bytes_;
  std::int64_t passed_us_ = 0;
};

}  // namespace

std::unique_ptr<EventFile> open_atis_bin(const std::string& path) { return std::make_unique<AtisBin>(path); }

}  // namespace rheobase

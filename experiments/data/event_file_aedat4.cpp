// iniVation's AEDAT 4: a header, packets of streams - events, frames, inertia, triggers - and a table of the
// packets. Header and packets are FlatBuffers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "experiments/data/byte_stream.h"
#include "experiments/data/event_formats.h"
#include "experiments/data/flat_buffer.h"
#include "experiments/data/lz4_frame.h"
#include "experiments/data/spec_items.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::string_view magic = "#!AER-DAT4.0\r\n";
constexpr std::int64_t max_header_bytes = 1 << 20;
constexpr std::int64_t max_packet_bytes = 1 << 28;  // packed, and unpacked
constexpr std::size_t packet_header_bytes = 8, event_bytes = 16;

// Ways of packing: none, LZ4 of two strengths, and Zstandard of two.
constexpr std::int64_t none = 0, lz4_high = 2, zstd_high = 4;

// What the header says. `info` is XML: a node a stream, named by its number, with an attribute typeIdentifier
// and, in a node of its own behind that, sizeX and sizeY.
struct Header {
  std::int64_t compression = none;
  std::int64_t table_at = -1;  // behind the packets; nowhere where a recording was interrupted
  std::string info;
};

Header parse_header(std::span<const std::uint8_t> bytes) {
  const FlatTable table(bytes, "IOHE");
  const auto info = table.list(2, 1);
  return {table.integer(0, 4, none), table.integer(1, 8, -1), std::string(info.begin(), info.end())};
}

// `346` of `<attr key="sizeX" type="int">346<`, which `start` is the beginning of.
std::string_view value_behind(std::string_view text, std::string_view start) {
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) return {};
  const std::size_t value = text.find('>', at + start.size());
  if (value == std::string_view::npos) return {};
  return text.substr(value + 1, text.find('<', value) - value - 1);
}

struct Stream {
  std::int64_t number = -1;
  std::optional<ImageSize> sensor;
};

// The streams of events.
std::vector<Stream> event_streams(std::string_view info) {
  constexpr std::string_view type = "key=\"typeIdentifier\"", node = "<node name=\"";
  std::vector<Stream> streams;
  for (std::size_t at = info.find(type); at != std::string_view::npos;) {
    const std::size_t next = info.find(type, at + 1);
    const std::string_view rest = info.substr(at, next - at);
    if (value_behind(rest, type) == "EVTS") {
      Stream stream;
      const std::size_t name = info.rfind(node, at);
      if (name != std::string_view::npos) {
        const std::string_view number = info.substr(name + node.size(), at - name);
        const std::string_view digits = number.substr(0, number.find('"'));
        stream.number = digits == "0"
                            ? 0
                            : positive_number(digits, std::numeric_limits<std::int32_t>::max()).value_or(-1);
      }
      const auto height = positive_number(value_behind(rest, "key=\"sizeY\""), max_sensor_edge),
                 width = positive_number(value_behind(rest, "key=\"sizeX\""), max_sensor_edge);
      if (height && width) stream.sensor = ImageSize{*height, *width};
      streams.push_back(stream);
    }
    at = next;
  }
  return streams;
}

class Aedat4 : public EventFile {
 public:
  explicit Aedat4(const std::string& path) : bytes_(path) {
    read_header();
    if (compression_ < none || compression_ > lz4_high)
      refuse(fmt::format(
          "is compressed by method {}; LZ4 is read: write it again by dv-processing with "
          "CompressionType.LZ4",
          compression_ > lz4_high && compression_ <= zstd_high ? "Zstandard" : std::to_string(compression_)));
  }

  std::optional<ImageSize> sensor() const override { return stream_.sensor; }

  std::size_t read(std::span<CameraEvent> events) override {
    std::size_t count = 0;
    while (count < events.size() && (at_ < packet_events_.size() || next_packet())) {
      events[count++] = event(packet_events_.subspan(at_, event_bytes));
      at_ += event_bytes;
    }
    return count;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw InputError(bytes_.path(), "", what); }
  [[noreturn]] void refuse_packet(const std::string& what) const {
    throw InputError(bytes_.path(), fmt::format("packet at byte {}", packet_at_), what);
  }

  void read_header() {
    std::array<std::uint8_t, magic.size() + 4> start;
    const auto got = bytes_.read(start);
    if (!std::equal(magic.begin(), magic.end(), start.begin(),
                    [](char one, std::uint8_t other) { return static_cast<std::uint8_t>(one) == other; }) ||
        got.size() < magic.size())
      refuse("is no AEDAT 4 file: it does not begin with #!AER-DAT4.0");
    if (got.size() < start.size()) refuse("is cut short: it ends in its header");
    const std::int64_t size = signed_little_endian(std::span(start).last(4));
    const auto left = static_cast<std::int64_t>(bytes_.size() - bytes_.offset());
    if (size < 0 || size > std::min(left, max_header_bytes))
      refuse(fmt::format("is cut short or damaged: its header has {} bytes of {}", size, left));
    std::vector<std::uint8_t> contents(static_cast<std::size_t>(size));
    bytes_.read(contents);
    Header header;
    try {
      header = parse_header(contents);
    } catch (const std::runtime_error& error) {
      refuse(std::string("its header ") + error.what());
    }
    take(header);
  }

  void take(const Header& header) {
    compression_ = header.compression;
    end_ = bytes_.size();
    if (header.table_at >= 0) {
      if (header.table_at > static_cast<std::int64_t>(end_) ||
          header.table_at < static_cast<std::int64_t>(bytes_.offset()))
        refuse(fmt::format("is cut short: {} bytes, and packets up to {}", end_, header.table_at));
      end_ = static_cast<std::uint64_t>(header.table_at);
    }
    const std::vector<Stream> streams = event_streams(header.info);
    if (streams.size() != 1 || streams.front().number < 0)
      refuse(
          fmt::format("has {} streams of events in its header, expected one: write that which is meant to "
                      "a file of its own, by dv-processing",
                      streams.size()));
    stream_ = streams.front();
  }

  // Goes to the next packet of the stream; false behind the last.
  bool next_packet() {
    while (bytes_.offset() < end_) {
      packet_at_ = bytes_.offset();
      std::array<std::uint8_t, packet_header_bytes> header;
      if (end_ - packet_at_ < header.size() || bytes_.read(header).size() < header.size())
        refuse_packet("is cut short");
      const std::int64_t stream = signed_little_endian(std::span(header).first(4));
      const std::int64_t size = signed_little_endian(std::span(header).last(4));
      const auto left = static_cast<std::int64_t>(end_ - bytes_.offset());
      if (size < 0 || size > left) refuse_packet(fmt::format("is cut short: {} bytes of {}", left, size));
      if (stream != stream_.number) {
        bytes_.seek(bytes_.offset() + static_cast<std::uint64_t>(size));
        continue;
      }
      if (size > max_packet_bytes)
        refuse_packet(fmt::format("has {} bytes, at most {} are read", size, max_packet_bytes));
      packet_.resize(static_cast<std::size_t>(size));
      if (bytes_.read(packet_).size() < packet_.size()) refuse_packet("is cut short");
      unpack_packet();
      if (!packet_events_.empty()) return true;
    }
    return false;
  }

  // Behind 4 bytes of its size, a table whose one field are the events.
  void unpack_packet() {
    constexpr std::size_t prefix = 4;
    try {
      if (compression_ != none) packet_ = unpack_lz4_frame(packet_, max_packet_bytes);
      if (packet_.size() < prefix) throw std::runtime_error("is damaged: it has no contents");
      packet_events_ = FlatTable(std::span(packet_).subspan(prefix), "EVTS").list(0, event_bytes);
    } catch (const std::runtime_error& error) {
      refuse_packet(error.what());
    }
    at_ = 0;
  }

  // 8 bytes of time, 2 of x, 2 of y, 1 of polarity.
  CameraEvent event(std::span<const std::uint8_t> bytes) const {
    const std::int64_t time_us = signed_little_endian(bytes.first(8));
    if (time_us < -max_event_time_us || time_us > max_event_time_us)
      refuse_packet(fmt::format("is damaged: an event has t {} us", time_us));
    return {time_us, static_cast<std::int32_t>(signed_little_endian(bytes.subspan(8, 2))),
            static_cast<std::int32_t>(signed_little_endian(bytes.subspan(10, 2))), bytes[12] != 0};
  }

  ByteStream bytes_;
  std::int64_t compression_ = none;
  std::uint64_t end_ = 0;  // of the packets
  Stream stream_;
  std::uint64_t packet_at_ = 0;
  std::vector<std::uint8_t> packet_;
  std::span<const std::uint8_t> packet_events_;  // of packet_
  std::size_t at_ = 0;                           // the next of them
};

}  // namespace

std::unique_ptr<EventFile> open_aedat4(const std::string& path) { return std::make_unique<Aedat4>(path); }

}  // namespace rheobase

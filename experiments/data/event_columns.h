#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/data/event_file.h"

namespace rheobase {

/// A recording as four arrays of one length, whatever keeps them: column and row of each event, its time, and
/// 1 where it got brighter, else 0 or -1.
class EventColumns : public EventFile {
 public:
  enum class Column : std::uint8_t { x, y, t, p };
  static constexpr std::array names{"x", "y", "t", "p"};

  std::size_t read(std::span<CameraEvent> events) final;

 protected:
  /// `count` events; with `seconds` times are real numbers in seconds, else whole ones in microseconds.
  EventColumns(std::string path, std::uint64_t count, bool seconds);

  const std::string& path() const { return path_; }

 private:
  /// Values first .. first + values.size() - 1 of a column; reads go front to back.
  virtual void read_column(Column column, std::uint64_t first, std::span<std::int64_t> values) = 0;
  /// The same of t where it is in seconds.
  virtual void read_seconds(std::uint64_t first, std::span<double> values) = 0;
  /// All events were read: whether the file is sound to its end.
  virtual void finish() {}

  bool read_block();
  void read_places(Column column);
  void read_times();
  void read_seconds_of_block();
  void read_polarities();
  [[noreturn]] void refuse(std::size_t at, const std::string& what) const;

  std::string path_;
  std::uint64_t count_;
  bool seconds_;
  std::uint64_t first_ = 0;         // event of block_
  std::vector<CameraEvent> block_;  // what was read last
  std::size_t at_ = 0;              // of which so many were handed out
  bool finished_ = false;
  bool has_zero_ = false, has_negative_ = false;  // of p
  std::vector<std::int64_t> values_;
  std::vector<double> times_;
};

}  // namespace rheobase

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace rheobase {

/// A bar on standard error with rate and time left; silent when that is not a terminal.
class Progress {
 public:
  /// `what` stands before the bar.
  Progress(std::int64_t total, bool quiet, std::string what = "");
  /// Wipes the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// What stands before the bar from now on.
  void set_text(std::string what) { what_ = std::move(what); }
  void advance(std::int64_t count = 1);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string what_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  bool visible_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
};

}  // namespace rheobase

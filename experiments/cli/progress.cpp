#include "experiments/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace rheobase {

Progress::Progress(std::int64_t total, bool quiet, std::string what)
    : what_(std::move(what)),
      total_(std::max<std::int64_t>(total, 1)),
      visible_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

void Progress::advance(std::int64_t count) {
  done_ += count;
  if (!visible_) return;
  const Clock::time_point now = Clock::now();
  if (now - drawn_ >= std::chrono::milliseconds(200)) draw(now);
}

void Progress::draw(Clock::time_point now) {
  constexpr std::int64_t width = 30;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done_) / seconds;
  const auto filled = static_cast<std::size_t>(width * done_ / total_);
  const std::string text = fmt::format("\r{}{}[{:-<{}}] {}/{}  {:.0f}/s  {:.0f} s left\033[K", what_,
                                       what_.empty() ? "" : "  ", std::string(filled, '#'), width, done_,
                                       total_, rate, static_cast<double>(total_ - done_) / rate);
  std::fputs(text.c_str(), stderr);
}

}  // namespace rheobase

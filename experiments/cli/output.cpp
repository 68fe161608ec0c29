#include "experiments/cli/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/file.h"

namespace rheobase {

void write_stdout(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  throw InputError("standard output", "cannot write", std::strerror(errno));
}

void write_notes(const std::string& source, const Notes& notes) {
  for (const Fault& note : notes)
    std::fputs(fmt::format("rheobase: note: {}\n", InputError(source, note.where, note.what).what()).c_str(),
               stderr);
}

void expect_distinct_files(const std::vector<std::pair<std::string, std::string>>& files) {
  std::error_code ignored;  // a path that cannot be resolved is refused where it is opened
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t j = i + 1; j < files.size(); ++j) {
      if (files[i].second == "-" || files[j].second == "-") continue;
      const auto one = std::filesystem::weakly_canonical(files[i].second, ignored);
      if (one.empty() || one != std::filesystem::weakly_canonical(files[j].second, ignored)) continue;
      throw InputError(files[j].second, files[j].first, "is the file given as " + files[i].first);
    }
  }
}

ResultTarget::ResultTarget(std::string path) : path_(std::move(path)) {
  if (!is_stdout()) const AtomicFile trial(path_);
}

void ResultTarget::write(std::string_view text) const {
  if (is_stdout()) {
    write_stdout(text);
  } else {
    write_file(path_, text);
  }
}

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::string short_count(double count) {
  if (count >= 1e6) return fmt::format("{:.1f} M", count / 1e6);
  if (count >= 1e4) return fmt::format("{:.1f} k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

}  // namespace rheobase

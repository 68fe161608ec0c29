#include "experiments/cli/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

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

ResultTarget::ResultTarget(const std::string& where, std::string path, Kind kind) : path_(std::move(path)) {
  if (is_stdout() && kind != Kind::text)
    throw InputError(where, path_, "is standard output, which takes text only; give a file's name");
  if (is_stdout()) return;
  kind == Kind::updated_file ? will_update(where, path_) : will_write(where, path_);
  { const AtomicFile trial(path_); }
  lock_.emplace(where, path_);
  remove_partial_files(path_);
}

std::optional<ResultTarget> result_target(const std::string& where, const std::optional<std::string>& path,
                                          ResultTarget::Kind kind) {
  if (!path) return std::nullopt;
  return ResultTarget(where, *path, kind);
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

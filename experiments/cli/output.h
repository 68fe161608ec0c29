#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/core/error.h"
#include "sim/core/output_lock.h"

namespace rheobase {

/// Throws InputError when standard output does not take the text.
void write_stdout(std::string_view text);

/// One line each on standard error, `rheobase: note: source: where: what`: what may make results other than
/// expected is said even when told to be quiet.
void write_notes(const std::string& source, const Notes& notes);

/// Where a result goes: a file, or standard output for `-`. Every file that a command writes has one from
/// before the work until it is written.
class ResultTarget {
 public:
  /// Of what may go to standard output; of what needs a file; of a file that the command reads, then
  /// replaces.
  enum class Kind { text, file, updated_file };

  /// `where` is the option or argument that names the file. Throws InputError when the file could not be
  /// written, is one that the command reads (FileUse) or writes elsewhere, or is being written by another
  /// process (OutputLock).
  ResultTarget(const std::string& where, std::string path, Kind kind);

  bool is_stdout() const { return path_ == "-"; }
  const std::string& path() const { return path_; }
  void write(std::string_view text) const;

 private:
  std::string path_;
  std::optional<OutputLock> lock_;
};

/// Of an option that may be left out.
std::optional<ResultTarget> result_target(const std::string& where, const std::optional<std::string>& path,
                                          ResultTarget::Kind kind);

/// A file's name without its folder.
std::string file_name(const std::string& path);

/// `1.5 M`, `270.9 k`, `12`.
std::string short_count(double count);

}  // namespace rheobase

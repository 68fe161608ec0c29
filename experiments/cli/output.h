#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {

/// Throws InputError when standard output does not take the text.
void write_stdout(std::string_view text);

/// One line each on standard error, `rheobase: note: source: where: what`: what may make results other than
/// expected is said even when told to be quiet.
void write_notes(const std::string& source, const Notes& notes);

/// Throws InputError naming both options when two of the (option, path) are the same file; `-` is none.
void expect_distinct_files(const std::vector<std::pair<std::string, std::string>>& files);

/// Where a result goes: a file, or standard output for `-`.
class ResultTarget {
 public:
  /// Throws InputError at once when the file could not be written, before the work is done.
  explicit ResultTarget(std::string path);

  bool is_stdout() const { return path_ == "-"; }
  void write(std::string_view text) const;

 private:
  std::string path_;
};

/// A file's name without its folder.
std::string file_name(const std::string& path);

/// `1.5 M`, `270.9 k`, `12`.
std::string short_count(double count);

}  // namespace rheobase

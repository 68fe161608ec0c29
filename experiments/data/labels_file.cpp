#include "experiments/data/labels_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "experiments/data/two_arrays.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_labels_bytes = std::uint64_t{1} << 28;
constexpr std::size_t max_faults = 5;

struct Line {
  std::size_t number = 0;  // from 1
  std::string_view path;
  std::string_view label;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// Lines but for those that are blank or begin with #. The label is the last word; a path may have blanks.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view words = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words.front() == '#') continue;
    const std::size_t middle = words.find_last_of(" \t");
    if (middle == std::string_view::npos) {
      lines.push_back({number, words, {}});
    } else {
      lines.push_back({number, trimmed(words.substr(0, middle)), words.substr(middle + 1)});
    }
  }
  return lines;
}

std::optional<int> label_of(std::string_view word) {
  std::int64_t label = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), label);
  if (error != std::errc() || end != word.data() + word.size() || label < 0 || label > max_label)
    return std::nullopt;
  return static_cast<int>(label);
}

bool leads_out(const fs::path& path) {
  return path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// What paths are relative to: the folder, or its folder images where the first of them lies there.
fs::path base_of(const fs::path& folder, const std::vector<Line>& lines) {
  if (lines.empty()) return folder;
  const fs::path images = folder / "images";
  return !is_file(folder / lines.front().path) && is_file(images / lines.front().path) ? images : folder;
}

}  // namespace

std::vector<Fault> first_faults(std::vector<Fault> faults) {
  if (faults.size() <= max_faults) return faults;
  const std::size_t more = faults.size() - max_faults;
  faults.resize(max_faults);
  faults.push_back({"", fmt::format("and {} more", more)});
  return faults;
}

SampleList list_by_labels_file(const std::string& folder) {
  SampleList list;
  list.labels_file = (fs::path(folder) / labels_file_name).string();
  const std::string text = read_file(list.labels_file, max_labels_bytes);
  const std::vector<Line> lines = lines_of(text);
  const fs::path base = base_of(folder, lines);
  std::vector<Fault> faults;
  for (const Line& line : lines) {
    const auto fault = [&](const std::string& what) {
      faults.push_back({fmt::format("line {}", line.number), what});
    };
    const auto label = label_of(line.label);
    const fs::path file = base / line.path;
    if (!label)
      fault(
          fmt::format("label '{}', expected 'path label' with a label from 0 to {}", line.label, max_label));
    else if (leads_out(line.path))
      fault(fmt::format("'{}' leads out of the folder: paths are relative to it", line.path));
    else if (!is_file(file))
      fault(fmt::format("'{}': no such file", file.string()));
    list.files.push_back(file.string());
    list.labels.push_back(label.value_or(0));
  }
  if (lines.empty()) faults.push_back({"", "names no sample: expected lines of 'path label'"});
  throw_if_any(list.labels_file, first_faults(std::move(faults)));
  list.classes = *std::max_element(list.labels.begin(), list.labels.end()) + 1;
  return list;
}

}  // namespace rheobase

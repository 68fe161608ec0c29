#include "experiments/data/class_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "experiments/data/labels_file.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr int max_depth = 16;  // of folders in a class folder; a link may lead back to one above
bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// Entries that are not hidden, in order of their bytes.
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!is_hidden(at->path())) entries.push_back(*at);
  }
  if (error) throw InputError(folder.string(), "", "cannot be listed: " + error.message());
  std::sort(entries.begin(), entries.end(),
            [](const auto& one, const auto& other) { return one.path().native() < other.path().native(); });
  return entries;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

// Appends the samples of `folder` and those below it; files of other kinds, of notes or boxes, are passed
// over.
void add_samples(const fs::path& folder, int depth, const SampleFiles& kind, std::vector<fs::path>& samples,
                 std::vector<Fault>& faults) {
  if (depth > max_depth)
    throw InputError(folder.string(), "",
                     fmt::format("lies {} folders deep: is a link leading back?", depth));
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (is_folder(entry)) {
      add_samples(entry.path(), depth + 1, kind, samples, faults);
    } else if (kind.is_read(entry.path())) {
      samples.push_back(entry.path());
    } else if (kind.is_missed(entry.path())) {
      faults.push_back({entry.path().string(), kind.way_out});
    }
  }
}

}  // namespace

std::vector<std::string> class_folders(const std::string& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (is_folder(entry)) names.push_back(entry.path().filename().string());
  }
  return names;
}

SampleList list_by_class_folders(const std::string& folder, const std::vector<std::string>& classes,
                                 const SampleFiles& kind) {
  const std::vector<std::string> present = class_folders(folder);
  if (present.empty())
    throw InputError(folder, "",
                     fmt::format("has neither folders of samples, one a class, nor a {}", labels_file_name));
  SampleList list;
  list.class_names = classes;
  list.classes = static_cast<int>(classes.size());
  std::vector<Fault> faults;
  for (const std::string& name : present) {
    const auto known = std::lower_bound(classes.begin(), classes.end(), name);
    if (known == classes.end() || *known != name) {
      faults.push_back(
          {name, "is a class that the folder train beside this one has not: both have one numbering"});
      continue;
    }
    std::vector<fs::path> samples;
    add_samples(fs::path(folder) / name, 0, kind, samples, faults);
    if (samples.empty())
      faults.push_back({name, fmt::format("is a class folder without a {}: fill or remove it", kind.what)});
    std::sort(samples.begin(), samples.end(), [](const fs::path& one, const fs::path& other) {
      return std::pair(one.parent_path().native(), one.filename().native()) <
             std::pair(other.parent_path().native(), other.filename().native());
    });
    for (const fs::path& sample : samples) list.files.push_back(sample.string());
    list.labels.resize(list.files.size(), static_cast<int>(known - classes.begin()));
  }
  throw_if_any(folder, first_faults(std::move(faults)));
  return list;
}

}  // namespace rheobase

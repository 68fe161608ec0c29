#include "experiments/data/sample_list.h"

#include <algorithm>
#include <filesystem>

#include "experiments/data/class_folders.h"
#include "experiments/data/labels_file.h"
#include "sim/core/error.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool has_labels(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / labels_file_name, ignored);
}

// A folder that holds splits has train/ and one of test/ and val/, or no folder of another name.
bool holds_splits(const fs::path& folder, const std::vector<std::string>& subfolders) {
  const bool train = is_folder(folder / "train");
  const bool test = is_folder(folder / "test") || is_folder(folder / "val");
  const bool nothing_else = std::all_of(subfolders.begin(), subfolders.end(), [](const std::string& name) {
    return name == "train" || name == "test" || name == "val";
  });
  return (train && test) || ((train || test) && nothing_else);
}

fs::path split_folder(const fs::path& folder, const std::string& split) {
  if (split == "train" && is_folder(folder / "train")) return folder / "train";
  for (const char* const name : {"test", "val"}) {
    if (split == "test" && is_folder(folder / name)) return folder / name;
  }
  throw InputError(folder.string(), "",
                   split == "train" ? "has no folder train, for the train split"
                                    : "has a folder train, but neither test nor val, for the test split");
}

}  // namespace

std::string lower_ending(const std::string& path) {
  std::string ending = fs::path(path).extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

SampleList list_samples(const std::string& folder, const std::string& split, const SampleFiles& kind) {
  if (!is_folder(folder)) throw InputError(folder, "", "no such folder");
  will_read_set(folder, [is_read = kind.is_read](const std::string& path) {
    return is_read(path) || fs::path(path).filename() == "labels.txt";
  });
  if (has_labels(folder)) return list_by_labels_file(folder);
  const std::vector<std::string> subfolders = class_folders(folder);
  if (!holds_splits(folder, subfolders)) return list_by_class_folders(folder, subfolders, kind);
  const fs::path part = split_folder(folder, split);
  if (has_labels(part)) return list_by_labels_file(part.string());
  // One numbering for both splits, that of training, also where the other has not every class.
  const bool numbered_by_train =
      is_folder(fs::path(folder) / "train") && !has_labels(fs::path(folder) / "train");
  const fs::path numbering = numbered_by_train ? fs::path(folder) / "train" : part;
  return list_by_class_folders(part.string(), class_folders(numbering.string()), kind);
}

}  // namespace rheobase

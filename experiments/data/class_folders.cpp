#include "experiments/data/class_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "experiments/data/labels_file.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr int max_depth = 16;  // of folders in a class folder; a link may lead back to one above
// Those of torchvision's ImageFolder that are read here; other files, of notes or boxes, are passed over.
constexpr std::array<std::string_view, 3> read_endings{".jpg", ".jpeg", ".png"};
// Images that would then be missed without a word.
constexpr std::array<std::string_view, 16> other_endings{".bmp",  ".gif", ".webp", ".tif", ".tiff", ".ppm",
                                                         ".pgm",  ".pbm", ".jp2",  ".jxl", ".avif", ".heic",
                                                         ".heif", ".tga", ".jfif", ".jpe"};

std::string lower_ending(const fs::path& file) {
  std::string ending = file.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& endings, const fs::path& file) {
  return std::find(endings.begin(), endings.end(), lower_ending(file)) != endings.end();
}

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

// Appends the images of `folder` and those below it.
void add_images(const fs::path& folder, int depth, std::vector<fs::path>& images,
                std::vector<Fault>& faults) {
  if (depth > max_depth)
    throw InputError(folder.string(), "",
                     fmt::format("lies {} folders deep: is a link leading back?", depth));
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (is_folder(entry)) {
      add_images(entry.path(), depth + 1, images, faults);
    } else if (is_one_of(read_endings, entry.path())) {
      images.push_back(entry.path());
    } else if (is_one_of(other_endings, entry.path())) {
      faults.push_back(
          {entry.path().string(), "is no .jpg, .jpeg or .png, which alone are read: convert or rename it"});
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

ImageList list_by_class_folders(const std::string& folder, const std::vector<std::string>& classes) {
  const std::vector<std::string> present = class_folders(folder);
  if (present.empty())
    throw InputError(folder, "",
                     fmt::format("has neither folders of images, one a class, nor a {}", labels_file_name));
  ImageList list;
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
    std::vector<fs::path> images;
    add_images(fs::path(folder) / name, 0, images, faults);
    if (images.empty())
      faults.push_back({name, "is a class folder without a JPEG or PNG file: fill or remove it"});
    std::sort(images.begin(), images.end(), [](const fs::path& one, const fs::path& other) {
      return std::pair(one.parent_path().native(), one.filename().native()) <
             std::pair(other.parent_path().native(), other.filename().native());
    });
    for (const fs::path& image : images) list.files.push_back(image.string());
    list.labels.resize(list.files.size(), static_cast<int>(known - classes.begin()));
  }
  throw_if_any(folder, first_faults(std::move(faults)));
  return list;
}

}  // namespace rheobase

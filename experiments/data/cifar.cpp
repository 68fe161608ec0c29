#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include "experiments/data/byte_images.h"
#include "experiments/data/loaders.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr std::size_t image_bytes = 3 * 32 * 32;
constexpr int coarse_classes = 20;
constexpr std::uint64_t max_records = 1'000'000;  // of a file: 3 GB, a hundred times what a file of CIFAR has

// How the records of a set are made: label bytes, then the image as red, green and blue planes.
struct Layout {
  int classes;
  std::size_t label_bytes;  // the last one is the class; CIFAR-100 has the coarse class before it
  std::string subfolder;    // of the archive as it is distributed
  std::vector<std::string> train, test;
  std::string names;  // file with the names of the classes
  // The archive that Python programs read, of pickles; nothing here does.
  std::string python_subfolder, python_file, binary_archive;

  std::size_t record_bytes() const { return label_bytes + image_bytes; }
};

Layout layout_of(int classes) {
  if (classes == 100) {
    return {100,
            2,
            "cifar-100-binary",
            {"train.bin"},
            {"test.bin"},
            "fine_label_names.txt",
            "cifar-100-python",
            "train",
            "cifar-100-binary.tar.gz"};
  }
  return {
      10,
      1,
      "cifar-10-batches-bin",
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      {"test_batch.bin"},
      "batches.meta.txt",
      "cifar-10-batches-py",
      "data_batch_1",
      "cifar-10-binary.tar.gz"};
}

void refuse_python_files(const Layout& layout, const std::filesystem::path& folder, const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::exists(folder / file, ignored)) return;
  for (const auto& place : {folder, folder / layout.python_subfolder}) {
    const auto found = place / layout.python_file;
    if (!std::filesystem::is_regular_file(found, ignored)) continue;
    throw InputError(
        found.string(), "",
        fmt::format("is CIFAR's Python version (pickles), which cannot be read: give the binary version "
                    "({}), or save images and labels as HDF5 (docs/reference/data.md)",
                    layout.binary_archive));
  }
}

// Nothing unless the file is there and has a line a class.
std::vector<std::string> class_names(const std::filesystem::path& file, int classes) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return {};
  std::istringstream text(read_file(file.string(), max_text_bytes));
  std::vector<std::string> names;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.size() != static_cast<std::size_t>(classes)) names.clear();
  return names;
}

// Appends one file's records.
class CifarReader {
 public:
  CifarReader(const Layout& layout, DataInfo& info) : layout_(layout), info_(info) {}

  void add(const std::string& path, std::vector<Fault>& faults) {
    std::string bytes;
    try {
      expect_records(path);
      bytes = read_file(path);
    } catch (const FileClash&) {
      throw;
    } catch (const InputError& error) {
      faults.push_back({"", error.what()});
      return;
    }
    const std::size_t record = layout_.record_bytes();
    const std::size_t first = info_.labels.size();
    std::vector<int> coarse;
    for (std::size_t at = 0; at < bytes.size(); at += record) {
      const auto* const start = reinterpret_cast<const std::uint8_t*>(bytes.data()) + at;
      if (layout_.label_bytes > 1) coarse.push_back(start[0]);
      info_.labels.push_back(start[layout_.label_bytes - 1]);
      pixels_.insert(pixels_.end(), start + layout_.label_bytes, start + record);
    }
    check_labels(std::span(info_.labels).subspan(first), layout_.classes, path, faults);
    check_labels(coarse, coarse_classes, path + ": coarse label", faults);
    info_.files.push_back(path);
  }

  std::vector<std::uint8_t> take_pixels() { return std::move(pixels_); }

 private:
  // Before a byte is read.
  void expect_records(const std::string& path) const {
    const std::uint64_t size = regular_file_size(path);
    const std::size_t record = layout_.record_bytes();
    if (size == 0 || size % record != 0)
      throw InputError(
          path, "",
          fmt::format("{} bytes are no whole number of records of {}: cut short or another format", size,
                      record));
    if (size / record > max_records)
      throw InputError(path, "",
                       fmt::format("{} records, at most {} are read of a file", size / record, max_records));
  }

  const Layout& layout_;
  DataInfo& info_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::unique_ptr<ImageSet> open_cifar(DataInfo info, const std::string& folder, int classes) {
  const Layout layout = layout_of(classes);
  const auto& files = info.split == "train" ? layout.train : layout.test;
  const std::filesystem::path place = locate_folder(folder, {layout.subfolder}, files.front());
  refuse_python_files(layout, place, files.front());
  will_read_set(place.string(), [layout](const std::string& path) {
    const std::string name = std::filesystem::path(path).filename().string();
    const auto among = [&](const auto& files) {
      return std::find(files.begin(), files.end(), name) != files.end();
    };
    return among(layout.train) || among(layout.test) || name == layout.names;
  });
  info.classes = classes;
  info.shape = {3, 32, 32};
  info.class_names = class_names(place / layout.names, classes);
  CifarReader reader(layout, info);
  std::vector<Fault> faults;
  for (const std::string& file : files) reader.add((place / file).string(), faults);
  throw_if_any(info.spec, faults);
  auto pixels = reader.take_pixels();
  return std::make_unique<ByteImages>(std::move(info), std::move(pixels));
}

}  // namespace rheobase

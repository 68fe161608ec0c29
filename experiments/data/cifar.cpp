#include <fmt/format.h>

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

// How the records of a set are made: label bytes, then the image as red, green and blue planes.
struct Layout {
  int classes;
  std::size_t label_bytes;  // the last one is the class; CIFAR-100 has the coarse class before it
  std::string subfolder;    // of the archive as it is distributed
  std::vector<std::string> train, test;
  std::string names;  // file with the names of the classes

  std::size_t record_bytes() const { return label_bytes + image_bytes; }
};

Layout layout_of(int classes) {
  if (classes == 100) {
    return {100, 2, "cifar-100-binary", {"train.bin"}, {"test.bin"}, "fine_label_names.txt"};
  }
  return {
      10,
      1,
      "cifar-10-batches-bin",
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      {"test_batch.bin"},
      "batches.meta.txt"};
}

// Nothing unless the file is there and has a line a class.
std::vector<std::string> class_names(const std::filesystem::path& file, int classes) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return {};
  std::istringstream text(read_file(file.string()));
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
      bytes = read_file(path);
    } catch (const FileClash&) {
      throw;
    } catch (const InputError& error) {
      faults.push_back({"", error.what()});
      return;
    }
    const std::size_t record = layout_.record_bytes();
    if (bytes.empty() || bytes.size() % record != 0) {
      faults.push_back(
          {path, fmt::format("{} bytes are no whole number of records of {}: cut short or another format",
                             bytes.size(), record)});
      return;
    }
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
  const Layout& layout_;
  DataInfo& info_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::unique_ptr<DataSet> open_cifar(DataInfo info, const std::string& folder, int classes) {
  const Layout layout = layout_of(classes);
  const auto& files = info.split == "train" ? layout.train : layout.test;
  const std::filesystem::path place = locate_folder(folder, {layout.subfolder}, files.front());
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

#include "experiments/data/byte_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace rheobase {

ByteImages::ByteImages(DataInfo info, std::vector<std::uint8_t> bytes)
    : ImageSet(std::move(info)), bytes_(std::move(bytes)), sample_size_(element_count(shape())) {
  if (static_cast<std::int64_t>(bytes_.size()) != size() * sample_size_) {
    throw InternalError(
        fmt::format("{} bytes for {} samples of {}", bytes_.size(), size(), to_string(shape())));
  }
}

void ByteImages::read(std::int64_t index, std::span<float> pixels) const {
  check_read(*this, index, pixels);
  const auto first = bytes_.begin() + index * sample_size_;
  std::transform(first, first + sample_size_, pixels.begin(), pixel_of);
}

float pixel_of(std::uint8_t byte) { return static_cast<float>(byte) / 255.0F; }

void check_read(const ImageSet& data, std::int64_t index, std::span<const float> pixels) {
  if (index < 0 || index >= data.size() ||
      static_cast<std::int64_t>(pixels.size()) != element_count(data.shape())) {
    throw InternalError(
        fmt::format("sample {} of {} read into {} floats", index, data.size(), pixels.size()));
  }
}

void check_labels(std::span<const int> labels, int classes, const std::string& where,
                  std::vector<Fault>& faults) {
  const auto wrong = [&](int label) { return label < 0 || label >= classes; };
  const auto first = std::find_if(labels.begin(), labels.end(), wrong);
  if (first == labels.end()) return;
  const auto others = std::count_if(first + 1, labels.end(), wrong);
  faults.push_back({where, fmt::format("record {} has label {}, expected 0 to {} ({} more like it)",
                                       first - labels.begin(), *first, classes - 1, others)});
}

std::string locate_folder(const std::string& folder, const std::vector<std::string>& subfolders,
                          const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw InputError(folder, "", "no such folder");
  for (const std::string& subfolder : subfolders) {
    const fs::path candidate = fs::path(folder) / subfolder;
    if (!fs::exists(fs::path(folder) / file, ignored) && fs::exists(candidate / file, ignored)) {
      return candidate.string();
    }
  }
  return folder;
}

}  // namespace rheobase

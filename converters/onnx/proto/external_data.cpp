#include "converters/onnx/proto/external_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "converters/onnx/fold/constant.h"
#include "sim/core/file_use.h"

namespace rheobase::onnx_import {
namespace {

namespace fs = std::filesystem;

bool is_within(const fs::path& folder, const fs::path& file) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end();
}

fs::path resolve(const std::string& folder, const std::string& file) {
  const fs::path relative(file);
  const bool climbs = std::any_of(relative.begin(), relative.end(), [](const auto& p) { return p == ".."; });
  if (file.empty() || relative.is_absolute() || climbs) {
    throw NodeFault(fmt::format("external data '{}' is not a path inside the model's folder", file));
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  fs::path path = error ? fs::path() : fs::canonical(root / relative, error);
  if (error) throw NodeFault(fmt::format("external data '{}': {}", file, error.message()));
  if (!is_within(root, path)) {
    throw NodeFault(fmt::format("external data '{}' is a link that leaves the model's folder", file));
  }
  if (!fs::is_regular_file(path, error)) {
    throw NodeFault(fmt::format("external data '{}' is not a regular file", file));
  }
  return path;
}

}  // namespace

std::string read_external(const std::string& folder, const ExternalLocation& location) {
  const fs::path path = resolve(folder, location.file);
  std::error_code error;
  const auto size = static_cast<std::int64_t>(fs::file_size(path, error));
  const bool fits = !error && location.offset >= 0 && location.length >= 0 && location.offset <= size &&
                    location.length <= size - location.offset;
  if (!fits) {
    throw NodeFault(fmt::format("external data '{}' has {} bytes, {} from offset {} wanted", location.file,
                                error ? 0 : size, location.length, location.offset));
  }
  std::string bytes(static_cast<std::size_t>(location.length), '\0');
  will_read(path.string());
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(location.offset);
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw NodeFault(fmt::format("external data '{}' cannot be read", location.file));
  }
  return bytes;
}

}  // namespace rheobase::onnx_import

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "experiments/data/byte_images.h"
#include "experiments/data/loaders.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

constexpr int classes = 10;
// Big-endian: two zeros, 8 for unsigned bytes, the rank.
constexpr std::uint32_t images_magic = 0x00000803;
constexpr std::uint32_t labels_magic = 0x00000801;
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 33;  // behind a header

struct CloseGz {
  void operator()(gzFile file) const { gzclose(file); }
};

// A file that zlib unpacks where it is gzipped and passes through where it is plain.
class Stream {
 public:
  // A pipe or a device may never end: only regular files are opened.
  explicit Stream(std::string path) : path_(std::move(path)), size_(regular_file_size(path_)) {
    will_read(path_);
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (!file_) throw InputError(path_, "", "cannot open");
  }

  const std::string& path() const { return path_; }
  /// Of the file as it lies there, for one that is not gzipped; nothing for one that is.
  std::optional<std::uint64_t> plain_size() const {
    return gzdirect(file_.get()) == 1 ? std::optional(size_) : std::nullopt;
  }

  // Reads `count` bytes, fewer at the end. The memory grows with what is there, not with what a header
  // claims.
  std::vector<std::uint8_t> read(std::uint64_t count) {
    constexpr std::uint64_t block = 1 << 20;
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < count) {
      const std::size_t before = bytes.size();
      const auto wanted = static_cast<unsigned>(std::min(block, count - before));
      bytes.resize(before + wanted);
      const int got = gzread(file_.get(), bytes.data() + before, wanted);
      bytes.resize(before + std::max(got, 0));
      check();
      if (got < static_cast<int>(wanted)) break;
    }
    return bytes;
  }

  // A read at the end makes zlib look at the checksum behind the data.
  bool at_end() { return read(1).empty(); }

 private:
  void check() {
    int status = Z_OK;
    const char* const reason = gzerror(file_.get(), &status);
    if (status != Z_OK && status != Z_STREAM_END) {
      throw InputError(path_, "", fmt::format("damaged or cut short: {}", reason));
    }
  }

  std::string path_;
  std::uint64_t size_;
  std::unique_ptr<gzFile_s, CloseGz> file_;
};

// A file whose header was read, and sound.
struct IdxFile {
  Stream stream;
  std::vector<std::uint64_t> extents;
  std::uint64_t count = 1;  // of bytes behind the header
};

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

IdxFile open_idx_file(const std::string& path, std::uint32_t magic) {
  IdxFile file{Stream(path), {}};
  const std::size_t rank = magic & 0xff;
  const auto header = file.stream.read(4 + 4 * rank);
  if (header.size() >= 4 && big_endian(header, 0) != magic) {
    throw InputError(path, "",
                     fmt::format("starts with 0x{:08x}, expected 0x{:08x}", big_endian(header, 0), magic));
  }
  if (header.size() < 4 + 4 * rank)
    throw InputError(path, "", fmt::format("cut short: {} bytes", header.size()));
  for (std::size_t axis = 0; axis < rank; ++axis) {
    file.extents.push_back(big_endian(header, 4 + 4 * axis));
    const std::uint64_t extent = file.extents.back();
    const auto refuse = [&](const std::string& what) {
      throw InputError(path, "", fmt::format("extent {} of axis {} in the header: {}", extent, axis, what));
    };
    if (extent < 1) refuse("the set is empty");
    if (file.count > max_bytes / extent)
      refuse(fmt::format("more than {} bytes, which is the limit", max_bytes));
    file.count *= extent;
  }
  if (const auto size = file.stream.plain_size(); size && *size > header.size() + file.count)
    throw InputError(path, "", fmt::format("more than the {} bytes that the header says", file.count));
  return file;
}

std::vector<std::uint8_t> read_body(IdxFile& file) {
  auto bytes = file.stream.read(file.count);
  const std::string& path = file.stream.path();
  if (bytes.size() < file.count) {
    throw InputError(
        path, "", fmt::format("cut short: the header says {} bytes, there are {}", file.count, bytes.size()));
  }
  if (!file.stream.at_end())
    throw InputError(path, "", fmt::format("more than the {} bytes that the header says", file.count));
  return bytes;
}

// Both spellings are in use.
std::string locate_file(const std::filesystem::path& folder, const std::string& stem,
                        const std::string& type) {
  for (const char* const separator : {"-", "."}) {
    for (const char* const suffix : {"", ".gz"}) {
      const auto candidate = folder / fmt::format("{}{}{}{}", stem, separator, type, suffix);
      std::error_code ignored;
      if (std::filesystem::exists(candidate, ignored)) return candidate.string();
    }
  }
  throw InputError((folder / fmt::format("{}-{}", stem, type)).string(), "", "no such file, nor with .gz");
}

// Runs `read`; what it throws is kept for a message with the faults of all files.
template <class Read>
auto keep_faults(std::vector<Fault>& faults, const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const FileClash&) {
    throw;
  } catch (const InputError& error) {
    faults.push_back({"", error.what()});
    return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<ImageSet> open_idx(DataInfo info, const std::string& folder) {
  const std::string stem = info.split == "train" ? "train" : "t10k";
  const std::filesystem::path place =
      locate_folder(folder, {"MNIST/raw", "FashionMNIST/raw"}, stem + "-labels-idx1-ubyte");
  will_read_set(place.string(), [](const std::string& path) {
    const std::string name = std::filesystem::path(path).filename().string();
    return name.find("-idx1-ubyte") != std::string::npos || name.find("-idx3-ubyte") != std::string::npos;
  });
  std::vector<Fault> faults;
  const auto open = [&](const std::string& what, const std::string& type, std::uint32_t magic) {
    return keep_faults(faults, [&] {
      info.files.push_back(locate_file(place, stem + "-" + what, type));
      return open_idx_file(info.files.back(), magic);
    });
  };
  auto images = open("images", "idx3-ubyte", images_magic);
  auto labels = open("labels", "idx1-ubyte", labels_magic);
  // Before either is read: a gzipped file of a kilobyte may claim a million.
  if (images && labels && images->extents[0] != labels->extents[0]) {
    faults.push_back({info.files.front(), fmt::format("{} images, but {} labels in {}", images->extents[0],
                                                      labels->extents[0], info.files.back())});
  }
  throw_if_any(info.spec, faults);
  auto bytes = keep_faults(faults, [&] { return read_body(*images); });
  if (const auto classes_read = keep_faults(faults, [&] { return read_body(*labels); })) {
    info.labels.assign(classes_read->begin(), classes_read->end());
    check_labels(info.labels, classes, info.files.back(), faults);
  }
  throw_if_any(info.spec, faults);
  info.classes = classes;
  info.shape = {1, static_cast<std::int64_t>(images->extents[1]),
                static_cast<std::int64_t>(images->extents[2])};
  return std::make_unique<ByteImages>(std::move(info), std::move(*bytes));
}

}  // namespace rheobase

#include "sim/core/file_use.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "sim/core/file.h"

namespace rheobase {
namespace {

using Identity = std::pair<dev_t, ino_t>;

// Of the file behind all links; none where there is no file yet.
std::optional<Identity> identity_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{found.st_dev, found.st_ino};
}

struct Output {
  std::string where;
  std::string path;
  bool updated;  // read, then replaced
};

// A file that is there is told by its inode, one that is not yet by its name.
bool is_same_file(const std::string& one, const std::string& other) {
  const auto identity = identity_of(one);
  if (identity != identity_of(other)) return false;
  if (identity) return true;
  std::error_code ignored;  // a path that cannot be resolved is refused where it is opened
  const auto name = std::filesystem::weakly_canonical(link_target(one), ignored);
  return !name.empty() && name == std::filesystem::weakly_canonical(link_target(other), ignored);
}

struct Files {
  std::mutex mutex;
  bool watched = false;
  std::map<Identity, std::string> read;  // as it was spelled
  std::vector<Output> outputs;
};

Files& files() {
  static Files all;
  return all;
}

[[noreturn]] void throw_clash(const Output& output, const std::string& read) {
  const std::string spelled = output.path == read ? "a file" : read;
  throw FileClash(output.path, output.where,
                  fmt::format("would replace {} that this command reads; give another name", spelled));
}

void announce(const Output& output) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  if (!all.watched) return;
  for (const Output& other : all.outputs) {
    const bool same = is_same_file(other.path, output.path);
    if (same && other.updated && output.updated) return;
    if (same) throw FileClash(output.path, output.where, "is the file given as " + other.where);
  }
  const auto identity = identity_of(output.path);
  const auto found = identity ? all.read.find(*identity) : all.read.end();
  if (found != all.read.end() && !output.updated) throw_clash(output, found->second);
  all.outputs.push_back(output);
}

}  // namespace

FileUse::FileUse() {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  if (all.watched) throw InternalError("two FileUse at once");
  all.watched = true;
}

FileUse::~FileUse() {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  all.watched = false;
  all.read.clear();
  all.outputs.clear();
}

void will_read(const std::string& path) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  const auto identity = all.watched ? identity_of(path) : std::nullopt;
  if (!identity) return;
  for (const Output& output : all.outputs) {
    if (!output.updated && identity_of(output.path) == identity) throw_clash(output, path);
  }
  all.read.emplace(*identity, path);
}

void will_write(const std::string& where, const std::string& path) { announce({where, path, false}); }

void will_update(const std::string& where, const std::string& path) { announce({where, path, true}); }

void expect_not_read(const std::string& path) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  const auto identity = all.watched ? identity_of(path) : std::nullopt;
  const auto found = identity ? all.read.find(*identity) : all.read.end();
  if (found == all.read.end()) return;
  const bool updated = std::any_of(all.outputs.begin(), all.outputs.end(), [&](const Output& output) {
    return output.updated && is_same_file(output.path, path);
  });
  if (!updated) throw_clash({"cannot write", path, false}, found->second);
}

void forget_read(const std::string& path) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  if (const auto identity = identity_of(path)) all.read.erase(*identity);
}

}  // namespace rheobase

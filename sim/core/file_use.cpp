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

// A folder, behind all links, and what it holds of a data set.
struct ReadSet {
  std::filesystem::path folder;
  std::string spelled;
  std::function<bool(const std::string&)> is_part;

  // Of a file that is there: a new one takes nothing away.
  bool has(const std::string& path) const {
    std::error_code failed;
    const std::filesystem::path file = std::filesystem::canonical(path, failed);
    if (failed || !is_part(file.string())) return false;
    return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
  }
};

struct Files {
  std::mutex mutex;
  bool watched = false;
  std::map<Identity, std::string> read;  // as it was spelled
  std::vector<ReadSet> sets;
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

void expect_outside(const ReadSet& set, const Output& output) {
  if (output.updated || !set.has(output.path)) return;
  throw FileClash(output.path, output.where,
                  fmt::format("would replace a file of the data set in {}; give another name", set.spelled));
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
  for (const ReadSet& set : all.sets) expect_outside(set, output);
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
  all.sets.clear();
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

void will_read_set(const std::string& folder, const std::function<bool(const std::string& path)>& is_part) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  std::error_code failed;
  const ReadSet set{std::filesystem::canonical(folder, failed), folder, is_part};
  if (!all.watched || failed) return;
  for (const Output& output : all.outputs) expect_outside(set, output);
  all.sets.push_back(set);
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

#include "experiments/train/checkpoint.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <type_traits>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

// "RHEOTRN1", SHA-256 of the rest as 64 hex digits, the rest: the machine's own byte order.
constexpr std::string_view magic = "RHEOTRN1";
constexpr std::size_t digest_size = 64;

class Writer {
 public:
  template <class T>
  void operator()(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void operator()(const std::string& text) { list(text); }
  template <class T>
  void operator()(const std::vector<T>& values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      list(values);
    } else {
      (*this)(static_cast<std::uint64_t>(values.size()));
      for (const T& value : values) (*this)(value);
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class List>
  void list(const List& values) {
    (*this)(static_cast<std::uint64_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  }

  std::string bytes_;
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  template <class T>
  void operator()(T& value) {
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
  }
  void operator()(std::string& text) {
    const std::uint64_t size = count(1);
    text.assign(take(size), size);
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      values.resize(count(sizeof(T)));
      const char* const bytes = take(values.size() * sizeof(T));
      if (!values.empty()) std::memcpy(static_cast<void*>(values.data()), bytes, values.size() * sizeof(T));
    } else {
      values.resize(count(1));
      for (T& value : values) (*this)(value);
    }
  }

 private:
  const char* take(std::size_t size) {
    if (size > bytes_.size()) throw InputError(path_, "", "is cut short");
    const char* const data = bytes_.data();
    bytes_.remove_prefix(size);
    return data;
  }
  std::uint64_t count(std::size_t unit) {
    std::uint64_t size = 0;
    (*this)(size);
    if (size > bytes_.size() / unit) throw InputError(path_, "", "is cut short");
    return size;
  }

  std::string_view bytes_;
  const std::string& path_;
};

// One list of what a file holds, for both directions.
template <class Archive, class Data>
void walk(Archive& archive, Data& data) {
  archive(data.identity);
  archive(data.epoch);
  archive(data.next_batch);
  archive(data.loss);
  archive(data.correct);
  archive(data.seconds);
  archive(data.epochs);
  archive(data.tensors);
  archive(data.optimizer.steps);
  archive(data.optimizer.first);
  archive(data.optimizer.second);
}

// Before a file of another sort is read whole.
bool starts_with_magic(const std::string& path) {
  regular_file_size(path);
  will_read(path);
  std::string start(magic.size(), '\0');
  std::ifstream(path, std::ios::binary).read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == magic;
}

}  // namespace

std::vector<std::vector<float>> tensors_of(const Graph& graph) {
  std::vector<std::vector<float>> tensors;
  for (const Node& node : graph.nodes) {
    for (const auto& [_, tensor] : node.tensors) tensors.push_back(tensor.reals());
  }
  return tensors;
}

void set_tensors(Graph& graph, const std::vector<std::vector<float>>& tensors) {
  std::size_t next = 0;
  for (Node& node : graph.nodes) {
    for (auto& [_, tensor] : node.tensors) {
      if (next == tensors.size() || tensors[next].size() != tensor.size())
        throw InternalError("a checkpoint's tensors do not fit the network");
      tensor.reals() = tensors[next++];
    }
  }
  if (next != tensors.size()) throw InternalError("a checkpoint has more tensors than the network");
}

void write_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  Writer writer;
  walk(writer, checkpoint);
  write_file(path, std::string(magic) + sha256(writer.bytes()) + writer.bytes());
}

std::optional<Checkpoint> read_checkpoint(const std::string& path, const std::string& identity) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  if (!starts_with_magic(path)) throw InputError(path, "", "is no checkpoint of this version");
  const std::string file = read_file(path);
  const std::string_view all = file;
  if (!all.starts_with(magic)) throw InputError(path, "", "is no checkpoint of this version");
  if (all.size() < magic.size() + digest_size) throw InputError(path, "", "is cut short");
  const std::string_view rest = all.substr(magic.size() + digest_size);
  if (all.substr(magic.size(), digest_size) != sha256(rest))
    throw InputError(path, "", "is damaged: its SHA-256 does not fit");
  Checkpoint checkpoint;
  Reader reader(rest, path);
  walk(reader, checkpoint);
  if (checkpoint.identity != identity)
    throw InputError(path, "", "belongs to another SPEC, data set or version; remove it to start anew");
  return checkpoint;
}

}  // namespace rheobase

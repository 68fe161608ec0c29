#include "experiments/data/npz_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace rheobase {
namespace {

NpzArray open_array(const ZipArchive& archive, const ZipEntry& entry) {
  NpzArray array{ZipMember(archive, entry), {}};
  std::vector<std::uint8_t> start =
      read_member(array.member, std::min<std::uint64_t>(entry.bytes, npy_prefix_bytes + 2));
  const NpyPrefix prefix = parse_npy_prefix(start);
  array.values_at = prefix.text_at + prefix.text_bytes;
  if (array.values_at < start.size() || array.values_at > entry.bytes) throw std::runtime_error("cut short");
  const auto more = read_member(array.member, array.values_at - start.size());
  start.insert(start.end(), more.begin(), more.end());
  array.header =
      parse_npy_header({reinterpret_cast<const char*>(start.data()) + prefix.text_at, prefix.text_bytes});
  const std::uint64_t there = entry.bytes - array.values_at;
  const std::uint64_t said = array.header.data_bytes(there + 1);
  if (said != there)
    throw std::runtime_error(fmt::format(
        "{}: the header says {}{} bytes of values, there are {}", said > there ? "cut short" : "too long",
        said > there ? "more than " : "", said > there ? there : said, there));
  if (array.header.value_bytes > 0) array.value_count = there / array.header.value_bytes;
  return array;
}

std::string names_of(const ZipArchive& archive) {
  constexpr std::size_t most = 8;
  std::string names;
  for (std::size_t i = 0; i < std::min(most, archive.entries().size()); ++i) {
    const std::string& name = archive.entries()[i].name;
    names += (i == 0 ? "" : " ") + name.substr(0, name.ends_with(".npy") ? name.size() - 4 : name.size());
  }
  return names.empty() ? "nothing" : names + (archive.entries().size() > most ? " ..." : "");
}

}  // namespace

std::vector<std::uint8_t> read_member(ZipMember& member, std::uint64_t count) {
  // The memory grows with what is there.
  constexpr std::uint64_t block = 1 << 20;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(block, count - before));
    member.read(std::span(bytes).subspan(before));
  }
  return bytes;
}

std::optional<NpzArray> open_npz_array(const ZipArchive& archive, const std::string& name,
                                       const char* way_out, std::vector<Fault>& faults) {
  const auto& entries = archive.entries();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name + ".npy"; });
  if (found == entries.end()) {
    faults.push_back(
        {name, fmt::format("is missing: the archive holds {}; save {}", names_of(archive), way_out)});
    return std::nullopt;
  }
  try {
    return open_array(archive, *found);
  } catch (const InputError& error) {
    faults.push_back({name, error.faults().front().what});
  } catch (const std::runtime_error& error) {
    faults.push_back({name, error.what()});
  }
  return std::nullopt;
}

}  // namespace rheobase

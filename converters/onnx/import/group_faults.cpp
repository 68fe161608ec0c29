#include "converters/onnx/import/group_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace rheobase::onnx_import {
namespace {

/// The text without what differs from node to node: names in quotes, and numbers.
std::string reason_of(const std::string& text) {
  std::string reason;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') quoted = !quoted;
    const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (is_digit && !quoted && reason.ends_with('#')) continue;
    if (!quoted || c == '\'') reason += is_digit ? '#' : c;
  }
  return reason;
}

struct Group {
  std::string what;
  std::vector<std::string> nodes;
};

Fault merged(const Group& group) {
  constexpr std::size_t named = 4;
  if (group.nodes.size() == 1) return {group.nodes[0], group.what};
  const auto end = group.nodes.begin() + static_cast<std::ptrdiff_t>(std::min(named, group.nodes.size()));
  std::string names;
  for (auto node = group.nodes.begin(); node != end; ++node) names += (names.empty() ? "" : ", ") + *node;
  if (group.nodes.size() > named) names += ", ...";
  return {group.nodes[0], fmt::format("{} ({} nodes: {})", group.what, group.nodes.size(), names)};
}

}  // namespace

Faults grouped(const Faults& faults) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> positions;
  for (const Fault& fault : faults) {
    const auto [position, is_new] = positions.emplace(reason_of(fault.what), groups.size());
    if (is_new) groups.push_back({fault.what, {}});
    std::vector<std::string>& nodes = groups[position->second].nodes;
    if (nodes.empty() || nodes.back() != fault.where) nodes.push_back(fault.where);
  }
  Faults result;
  for (const Group& group : groups) result.push_back(merged(group));
  return result;
}

}  // namespace rheobase::onnx_import

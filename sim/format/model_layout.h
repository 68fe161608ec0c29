#pragma once

#include <cstddef>
#include <string>

namespace rheobase {

// What the writer and the reader of a model file agree on beyond docs/reference/model-file.md.

/// Node groups have six digits, so that their names sort as their numbers.
inline constexpr std::size_t max_nodes = 1'000'000;
std::string node_group_name(std::size_t number);

bool is_arithmetic(const std::string& name);

}  // namespace rheobase

#pragma once

#include <cstddef>
#include <cstdint>

namespace rheobase {

/// Asks for `bytes` of memory that is used soon, so that it is in the second-level cache by then.
inline void prefetch(const void* memory, std::int64_t bytes) {
  constexpr std::int64_t cache_line = 64;
  constexpr int read = 0, second_level = 2;
  const auto* first = static_cast<const std::byte*>(memory);
  for (std::int64_t i = 0; i < bytes; i += cache_line) __builtin_prefetch(first + i, read, second_level);
}

}  // namespace rheobase

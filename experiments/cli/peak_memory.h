#pragma once

#include <cstdint>

namespace rheobase {

/// The most memory that this process has had resident, in bytes.
std::uint64_t peak_memory_bytes();

}  // namespace rheobase

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rheobase {

/// What an LZ4 frame holds, at most `most` bytes; by liblz4, which lz4_frame.cpp alone names. Throws
/// std::runtime_error saying what is wrong.
std::vector<std::uint8_t> unpack_lz4_frame(std::span<const std::uint8_t> frame, std::uint64_t most);

}  // namespace rheobase

#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels over signals of numbers, [pixel][channel]: float, std::int16_t or std::int32_t. What they
// find does not depend on the instructions.

/// How many values are not 0.
std::uint64_t count_active(const float* values, std::int64_t size);
std::uint64_t count_active(const std::int16_t* values, std::int64_t size);

/// counts[c] += the values of channel c that are not 0.
void count_by_channel(const float* values, std::int64_t pixels, std::int64_t channels, std::uint32_t* counts);
void count_by_channel(const std::int16_t* values, std::int64_t pixels, std::int64_t channels,
                      std::uint32_t* counts);
void count_by_channel(const std::int32_t* values, std::int64_t pixels, std::int64_t channels,
                      std::uint32_t* counts);

/// Whether every value is -one, 0 or one.
bool is_unit(const float* values, std::int64_t size, float one);
bool is_unit(const std::int16_t* values, std::int64_t size, std::int16_t one);
bool is_unit(const std::int32_t* values, std::int64_t size, std::int32_t one);

/// Sum of weight[i] over the values i that are not 0.
std::uint64_t weigh_active(const float* values, std::int64_t size, const std::uint32_t* weight);
std::uint64_t weigh_active(const std::int16_t* values, std::int64_t size, const std::uint32_t* weight);
std::uint64_t weigh_active(const std::int32_t* values, std::int64_t size, const std::uint32_t* weight);

}  // namespace rheobase

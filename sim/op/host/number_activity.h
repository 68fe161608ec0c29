#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels over signals of numbers: float, std::int16_t or std::int32_t. What they find does not depend
// on the instructions.

/// What is known of some values.
struct Activity {
  std::uint64_t active = 0;  ///< that are not 0
  bool unit = true;          ///< every value is -one, 0 or one
};
Activity activity_of(const float* values, std::int64_t size, float one);
Activity activity_of(const std::int16_t* values, std::int64_t size, std::int16_t one);
Activity activity_of(const std::int32_t* values, std::int64_t size, std::int32_t one);

/// Sum of weight[i] over the values i that are not 0.
std::uint64_t weigh_active(const float* values, std::int64_t size, const std::uint32_t* weight);
std::uint64_t weigh_active(const std::int16_t* values, std::int64_t size, const std::uint32_t* weight);
std::uint64_t weigh_active(const std::int32_t* values, std::int64_t size, const std::uint32_t* weight);

}  // namespace rheobase

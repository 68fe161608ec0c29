#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/core/error.h"

namespace rheobase {

/// Working memory of one task: pieces taken one after the other from memory that the engine keeps for each
/// worker, so that a step allocates nothing.
class ScratchMemory {
 public:
  static constexpr std::size_t alignment = 64;

  ScratchMemory(std::byte* data, std::size_t bytes) : next_(data), left_(bytes) {}

  /// Uninitialised, 64-byte aligned memory for `count` values.
  template <class T>
  T* take(std::int64_t count) {
    const std::size_t bytes = size<T>(count);
    if (bytes > left_) throw InternalError("a kernel takes more scratch memory than it asked for");
    auto* piece = reinterpret_cast<T*>(next_);
    next_ += bytes;
    left_ -= bytes;
    return piece;
  }

  /// Bytes that take<T>(count) uses up; HostKernel::scratch_bytes() is a sum of these.
  template <class T>
  static constexpr std::size_t size(std::int64_t count) {
    return (static_cast<std::size_t>(count) * sizeof(T) + alignment - 1) / alignment * alignment;
  }

 private:
  std::byte* next_;
  std::size_t left_;
};

}  // namespace rheobase

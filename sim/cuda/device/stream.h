#pragma once

#include <cstddef>

struct CUstream_st;  // the CUDA runtime's

namespace rheobase::cuda {

using StreamHandle = CUstream_st*;

/// Work of the current GPU in the order in which it was given; nothing here waits but synchronize().
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  StreamHandle get() const { return handle_; }
  /// `from` may change once the stream was synchronised, at once where it is no pinned memory.
  void copy_to_device(void* to, const void* from, std::size_t bytes) const;
  /// `to` holds it once the stream was synchronised.
  void copy_to_host(void* to, const void* from, std::size_t bytes) const;
  void clear(void* data, std::size_t bytes) const;
  /// Throws InternalError where a kernel failed.
  void synchronize() const;

 private:
  StreamHandle handle_ = nullptr;
};

}  // namespace rheobase::cuda

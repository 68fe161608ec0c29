#include "sim/device/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace rheobase {

Buffer::Buffer(std::size_t bytes) : size_(aligned(bytes)) {
  if (size_ == 0) return;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, size_)));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, size_);
}

void Buffer::Free::operator()(std::byte* data) const { std::free(data); }

}  // namespace rheobase

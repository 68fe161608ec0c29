#include "sim/device/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace rheobase {

Buffer::Buffer(std::size_t bytes) : size_(aligned(bytes)) {
  if (size_ == 0) return;
  // Kernels walk over signals of megabytes, at strides: with pages of 4 KiB they would wait for addresses.
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const bool huge = size_ >= 2 * huge_page;
  const std::size_t page = huge ? huge_page : alignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(page, (size_ + page - 1) / page * page)));
  if (!data_) throw std::bad_alloc();
  if (huge) madvise(data_.get(), size_ / huge_page * huge_page, MADV_HUGEPAGE);  // advice: may be ignored
  std::memset(data_.get(), 0, size_);
}

void Buffer::Free::operator()(std::byte* data) const { std::free(data); }

}  // namespace rheobase

#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rheobase::cuda {

/// The GPU has no room for an allocation. The executor turns it into an InputError that says what fits.
struct OutOfDeviceMemory {
  std::size_t bytes = 0;
};

/// Memory of the GPU that is current; what it holds at first is not known. Throws OutOfDeviceMemory.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  explicit DeviceMemory(std::size_t bytes);

  std::byte* data() const { return data_.get(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

/// Zeroed memory of the host that the GPU reads and writes too: after Stream::synchronize() either sees what
/// the other wrote. Throws OutOfDeviceMemory.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  explicit PinnedMemory(std::size_t bytes);

  std::byte* data() const { return data_.get(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

/// Copies and waits until it is done.
void copy_to_device(void* to, const void* from, std::size_t bytes);

/// Numbers that kernels read: on the host until upload(), then on the GPU that is current.
template <class T>
class DeviceTable {
 public:
  DeviceTable() = default;
  explicit DeviceTable(std::vector<T> values) : values_(std::move(values)) {}

  void upload() {
    memory_ = DeviceMemory(values_.size() * sizeof(T));
    copy_to_device(memory_.data(), values_.data(), memory_.size());
  }
  /// nullptr where there are none.
  const T* data() const { return memory_.as<const T>(); }
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<T> values_;
  DeviceMemory memory_;
};

}  // namespace rheobase::cuda

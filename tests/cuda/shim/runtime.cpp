#include <cstdlib>
#include <map>
#include <new>

#include "tests/cuda/shim/cuda_runtime.h"

namespace {

int current = 0;
std::map<void*, std::size_t> allocations;

std::size_t used() {
  std::size_t bytes = 0;
  for (const auto& [data, size] : allocations) bytes += size;
  return bytes;
}

void* filled(std::size_t bytes) {
  void* data = ::operator new(bytes, std::align_val_t(256));
  std::memset(data, 0xcd, bytes);
  return data;
}

}  // namespace

const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorNoDevice ? "no CUDA-capable device is detected" : "an emulated error";
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = emulator::options().gpus;
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaSetDevice(int device) {
  current = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = current;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr /*attribute*/, int /*device*/) {
  *value = emulator::options().processors;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = emulator::options().memory;
  *free = *total - std::min(*total, used());
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  if (used() + bytes > emulator::options().memory) return cudaErrorMemoryAllocation;
  *data = filled(bytes);
  allocations[*data] = bytes;
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  *data = filled(bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void* data) {
  if (data != nullptr && allocations.erase(data) == 0) return cudaErrorInvalidValue;
  return cudaFreeHost(data);
}
cudaError_t cudaFreeHost(void* data) {
  ::operator delete(data, std::align_val_t(256));
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind /*kind*/) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t /*stream*/) {
  return cudaMemcpy(to, from, bytes, kind);
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t /*stream*/) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t /*stream*/) { return cudaSuccess; }

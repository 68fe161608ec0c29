# The device cuda, as both of its builds take it: nvcc's (sim/CMakeLists.txt) and the emulated one of the tests.
set(RHEOBASE_CUDA_KERNEL_SOURCES
  ${PROJECT_SOURCE_DIR}/sim/cuda/device/device_memory.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/device/gpu.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/device/stream.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/look.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/schedule.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/kernels/structural.cu
  ${PROJECT_SOURCE_DIR}/sim/cuda/kernels/synapse.cu)
set(RHEOBASE_CUDA_SOURCES
  ${RHEOBASE_CUDA_KERNEL_SOURCES}
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/counting.cpp
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/cuda_executor.cpp
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/device_signals.cpp
  ${PROJECT_SOURCE_DIR}/sim/cuda/executor/sample_queue.cpp
  ${PROJECT_SOURCE_DIR}/sim/cuda/kernels/product_shape.cpp
  ${PROJECT_SOURCE_DIR}/sim/cuda/kernels/register.cpp)

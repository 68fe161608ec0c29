# find_package(rheobase): targets rheobase::engine, rheobase::neurons, rheobase::format, rheobase::onnx, ...
# The languages C and CXX must be enabled (HDF5's find module asks for C).
include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(TBB)
find_dependency(OpenSSL COMPONENTS Crypto)
find_dependency(HDF5 COMPONENTS C)
find_dependency(Protobuf)
find_dependency(ONNX CONFIG)
if(NOT TARGET onnx_proto)  # ONNX 1.17 has a namespace
  add_library(onnx_proto ALIAS ONNX::onnx_proto)
endif()
find_dependency(ZLIB)
find_dependency(hwy CONFIG)
find_dependency(dnnl CONFIG)
include(${CMAKE_CURRENT_LIST_DIR}/rheobase-targets.cmake)

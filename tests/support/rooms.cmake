# How a room becomes a target: one static library a room, linked along the arrows of docs/design, so that a forbidden
# include tends to fail to link.

# Compile options that every target of ours shares.
add_library(rheobase_options INTERFACE)
target_compile_features(rheobase_options INTERFACE cxx_std_20)
target_include_directories(rheobase_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/rheobase>)
# Sums have a written order and fused steps are written as such: the compiler may not fuse others. nvcc has words of its
# own, and hands the host compiler what stands behind -Xcompiler; -Wpedantic would only find nvcc's own lines.
target_compile_options(rheobase_options INTERFACE
  "$<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wpedantic;-ffp-contract=off>"
  "$<$<COMPILE_LANGUAGE:CUDA>:--fmad=false;-Xcompiler=-Wall,-Wextra,-ffp-contract=off>")
# g++ 13 and later take any reference from a call with a temporary argument for one to that argument.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  target_compile_options(rheobase_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-dangling-reference>)
endif()
# Instruction sets to build for: the baseline, AVX2 and AVX-512, and with VNNI (AVX3_DL) where a source asks for it;
# those between would only cost build time.
target_compile_definitions(rheobase_options INTERFACE
  "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_SSE4)")
if(RHEOBASE_WERROR)
  target_compile_options(rheobase_options INTERFACE
    $<$<COMPILE_LANGUAGE:C,CXX>:-Werror> "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings;-Xcompiler=-Werror>")
endif()
if(RHEOBASE_SANITIZE)
  target_compile_options(rheobase_options INTERFACE
    "$<$<COMPILE_LANGUAGE:C,CXX>:-fsanitize=${RHEOBASE_SANITIZE};-fno-omit-frame-pointer>")
  target_link_options(rheobase_options INTERFACE -fsanitize=${RHEOBASE_SANITIZE})
  if(RHEOBASE_SANITIZE MATCHES "thread")
    target_compile_definitions(rheobase_options INTERFACE RHEOBASE_TSAN)
  else()
    target_compile_options(rheobase_options INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-fno-sanitize-recover=all>)
  endif()
endif()

# What most files include. Targets share the compiled form of the first of them that has the same options, which a
# compiler asks for: rooms, rooms with hot loops, programs. Files with options of their own do without.
set(shared_headers <algorithm> <array> <cstdint> <filesystem> <functional> <map> <memory> <optional> <span> <string>
    <string_view> <utility> <variant> <vector> <fmt/format.h>)
function(rheobase_precompile target kind)
  if(NOT RHEOBASE_PRECOMPILE OR (RHEOBASE_PRECOMPILE STREQUAL "TESTS" AND NOT kind STREQUAL "test"))
    return()
  endif()
  target_link_libraries(${target} PRIVATE fmt::fmt)  # its definitions belong to the options
  get_property(first GLOBAL PROPERTY rheobase_first_${kind})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE ${shared_headers} ${ARGN})
    set_property(GLOBAL PROPERTY rheobase_first_${kind} ${target})
  endif()
endfunction()

# rheobase_room(NAME [HOT] SOURCES ... HEADERS ... LINK ... PRIVATE ...): the library rheobase::NAME. HOT: its loops are
# what simulating, training and analysing spend their time in; optimised builds take -O3 for them, and -O2 for the rest.
# HEADERS are public and installed under include/rheobase with the same spelling.
function(rheobase_room name)
  cmake_parse_arguments(ROOM "HOT" "" "SOURCES;HEADERS;LINK;PRIVATE" ${ARGN})
  add_library(rheobase_${name} STATIC ${ROOM_SOURCES})
  add_library(rheobase::${name} ALIAS rheobase_${name})
  set_target_properties(rheobase_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(rheobase_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ROOM_HEADERS})
  target_link_libraries(rheobase_${name} PUBLIC rheobase_options ${ROOM_LINK} PRIVATE ${ROOM_PRIVATE})
  set(kind room)
  if(ROOM_HOT)
    set(kind hot_room)
    target_compile_options(rheobase_${name} PRIVATE $<$<CONFIG:Release>:-O3>)
  endif()
  rheobase_precompile(rheobase_${name} ${kind})
  install(TARGETS rheobase_${name} EXPORT rheobase ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/rheobase)
endfunction()

# rheobase_test(NAME SOURCES ... LINK ... LABELS ...): one GoogleTest program, one ctest entry a test case.
function(rheobase_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE rheobase_options ${TEST_LINK} GTest::gmock_main)
  if(RHEOBASE_SANITIZE)
    target_compile_options(${name} PRIVATE -Og)  # checks of checks: what optimising them costs exceeds what it saves
  endif()
  rheobase_precompile(${name} test <gmock/gmock.h> <gtest/gtest.h>)
  gtest_discover_tests(${name} PROPERTIES TIMEOUT 600 DISCOVERY_TIMEOUT 60)
  # gtest_discover_tests keeps only the first of several labels; ctest includes this file after its own.
  set(labels ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${labels} "set_tests_properties(\${${name}_TESTS} PROPERTIES LABELS \"${TEST_LABELS}\")\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels})
endfunction()

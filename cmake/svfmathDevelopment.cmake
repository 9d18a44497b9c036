# SPDX-License-Identifier: Apache-2.0
# How svfmath's own programs are compiled. Nothing here reaches a consumer of the library.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SVFMATH_CCACHE ccache)
  if(SVFMATH_CCACHE)
    # The sloppiness lets ccache serve units that use a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
      "${SVFMATH_CCACHE}")
  endif()
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

add_library(svfmath_development INTERFACE)
target_compile_features(svfmath_development INTERFACE cxx_std_20)
target_compile_options(svfmath_development INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${SVFMATH_NATIVE}>:-march=native>
  # g++ 12 takes its own AVX-512 intrinsics, as Eigen uses them, for reads of unset registers.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # g++ 12 sees overlapping and overlong copies in std::string's inlined members where there are
  # none; clang checks the same code with these warnings on.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
  # What ccache needs to know about a precompiled header of g++.
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

# svfmath_sources(VARIABLE FOLDER): the .cpp files that lie directly in FOLDER.
function(svfmath_sources variable folder)
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# svfmath_program(NAME SOURCE...): an executable of ours on the CPU backend.
function(svfmath_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE svfmath::cpu svfmath_development)
endfunction()

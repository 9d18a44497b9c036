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
if(SVFMATH_CUDA)
  enable_language(CUDA)
endif()

add_library(svfmath_development INTERFACE)
target_compile_features(svfmath_development INTERFACE cxx_std_20)
set(warnings -Wall -Wextra -Wconversion -Wshadow)
# g++ 12 takes its own AVX-512 intrinsics, as Eigen uses them, for reads of unset registers. It sees
# overlapping and overlong copies in std::string's inlined members where there are none; clang
# checks the same code with these warnings on.
set(gnu_warnings -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
target_compile_options(svfmath_development INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${warnings};-Wpedantic>"
  "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:${gnu_warnings}>"
  # Code with UBSan's checks runs five times faster at -O1 where g++ follows the ranges of values.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-ftree-vrp>
  # What ccache needs to know about a precompiled header of g++.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${SVFMATH_NATIVE}>>:-march=native>
  # The host's side of what nvcc compiles; it writes code that -Wpedantic does not like.
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=$<JOIN:${warnings};${gnu_warnings},$<COMMA>>>")

# svfmath_sources(VARIABLE FOLDER [EXTENSION]): the files that lie directly in FOLDER, .cpp unless
# another extension is named.
function(svfmath_sources variable folder)
  set(extension cpp ${ARGN})
  list(GET extension -1 extension)
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.${extension}")
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# svfmath_program(NAME SOURCE...): an executable of ours on the CPU backend.
function(svfmath_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE svfmath::cpu svfmath_development)
endfunction()

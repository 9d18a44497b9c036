# SPDX-License-Identifier: Apache-2.0
# Dependencies between the folders of include/svfmath point one way. Needs INCLUDE, the folder that
# holds svfmath/.
cmake_minimum_required(VERSION 3.23)

set(core "core")
set(io "core;io")
set(factor "core;io;factor")
set(expert "core;io;factor;expert")
set(apply "core;io;factor;expert;apply")
set(learn "core;io;factor;expert;apply;learn")
set(adapt "core;io;factor;expert;apply;adapt")
set(cpu "core;cpu")
set(cuda "core;cuda")

file(GLOB_RECURSE headers RELATIVE "${INCLUDE}/svfmath" "${INCLUDE}/svfmath/*/*.hpp"
  "${INCLUDE}/svfmath/*/*.cuh")
if(NOT headers)
  message(FATAL_ERROR "no headers in '${INCLUDE}/svfmath'")
endif()
foreach(header IN LISTS headers)
  string(REGEX REPLACE "/.*" "" folder "${header}")
  if(NOT DEFINED ${folder})
    message(SEND_ERROR "${header}: the folder '${folder}' has no place in check_layers.cmake")
  endif()
  file(STRINGS "${INCLUDE}/svfmath/${header}" lines REGEX "^#include <svfmath/[a-z]+/")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include <svfmath/([a-z]+)/.*" "\\1" used "${line}")
    if(NOT used IN_LIST ${folder})
      message(SEND_ERROR "${header}: ${folder} may use ${${folder}}, but: ${line}")
    endif()
  endforeach()
endforeach()

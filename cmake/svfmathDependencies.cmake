# SPDX-License-Identifier: Apache-2.0
# What the library itself needs. Eigen is asked for without a version: 3.4.0 refuses every request
# that 5.x accepts, so the version is looked at afterwards.
if(SVFMATH_CPU)
  find_package(xtensor 0.24...<0.28 REQUIRED)
  find_package(nlohmann_json 3.10 REQUIRED CONFIG)
  find_package(Eigen3 REQUIRED CONFIG)
  if(Eigen3_VERSION VERSION_LESS 3.4 OR Eigen3_VERSION VERSION_GREATER_EQUAL 6)
    message(FATAL_ERROR "svfmath needs Eigen >= 3.4 and < 6, found ${Eigen3_VERSION}")
  endif()
  find_package(TBB 2021 REQUIRED CONFIG)
  if(NOT SVFMATH_BLAS MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "SVFMATH_BLAS: expected AUTO, ON or OFF, got '${SVFMATH_BLAS}'")
  endif()
  if(SVFMATH_BLAS STREQUAL "ON")
    set(svfmath_lapack_required REQUIRED)
  endif()
  if(NOT SVFMATH_BLAS STREQUAL "OFF")
    set(BLA_SIZEOF_INTEGER 4) # the integers that we call it with
    find_package(LAPACK ${svfmath_lapack_required})
  endif()
endif()
if(SVFMATH_CUDA)
  find_package(CUDAToolkit 13 REQUIRED)
  find_package(Threads REQUIRED)
  # The toolkit brings CCCL (Thrust), in a folder where CMake does not look by itself.
  find_package(CCCL REQUIRED CONFIG HINTS "${CUDAToolkit_LIBRARY_DIR}/cmake")
endif()

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <svfmath/core/error.hpp>

/// `check(status, call)` throws `error{backend}` unless the library's status says success: the
/// call's name, what the library says, and what to do about it where that is known.
namespace svf::cuda::detail {

/// 12.8 from 12080.
inline std::string version_text(int version) {
  return version == 0 ? "none"
                      : std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

inline std::string driver_advice() {
  int driver = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  return "; this program is made for CUDA " + version_text(CUDART_VERSION) +
         ", the driver's version is " + version_text(driver) +
         ": install a driver that is as new, or use a CPU policy";
}

/// What to do about `status`; begins with "; " where there is something to say.
inline std::string advice(cudaError_t status) {
  switch (status) {
    case cudaErrorInsufficientDriver: return driver_advice();
    case cudaErrorNoDevice: return "; see nvidia-smi and CUDA_VISIBLE_DEVICES, or use a CPU policy";
    case cudaErrorDevicesUnavailable:
      return "; another process holds the device for itself: wait for it or take another device";
    case cudaErrorNoKernelImageForDevice:
      return "; this program was not compiled for the device's architecture: add it to "
             "CMAKE_CUDA_ARCHITECTURES";
    case cudaErrorMemoryAllocation:
      return "; free other programs' memory on the device, work on smaller matrices or fewer at "
             "once, or take a larger device";
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorMisalignedAddress:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorECCUncorrectable:
      return "; no policy of this process can use the device any more: start it again";
    default: return "";
  }
}

inline void check(cudaError_t status, char const* call) {
  if (status != cudaSuccess) [[unlikely]] {
    // The runtime repeats an error to whoever asks next.
    static_cast<void>(cudaGetLastError());
    fail(error_kind::backend, call, ": ", cudaGetErrorString(status), " (",
         cudaGetErrorName(status), ")", advice(status));
  }
}

inline void check(cublasStatus_t status, char const* call) {
  if (status != CUBLAS_STATUS_SUCCESS) [[unlikely]] {
    fail(error_kind::backend, call, ": ", cublasGetStatusString(status), " (",
         cublasGetStatusName(status), ")",
         status == CUBLAS_STATUS_ALLOC_FAILED ? advice(cudaErrorMemoryAllocation) : "");
  }
}

constexpr char const* name_of(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_SUCCESS: return "success";
    case CUSOLVER_STATUS_NOT_INITIALIZED: return "not initialised";
    case CUSOLVER_STATUS_ALLOC_FAILED: return "out of memory";
    case CUSOLVER_STATUS_INVALID_VALUE: return "invalid value";
    case CUSOLVER_STATUS_ARCH_MISMATCH: return "the device lacks what the call needs";
    case CUSOLVER_STATUS_EXECUTION_FAILED: return "a kernel failed";
    case CUSOLVER_STATUS_INTERNAL_ERROR: return "internal error";
    case CUSOLVER_STATUS_NOT_SUPPORTED: return "not supported";
    default: return "unknown status";
  }
}

inline void check(cusolverStatus_t status, char const* call) {
  if (status != CUSOLVER_STATUS_SUCCESS) [[unlikely]] {
    fail(error_kind::backend, call, ": ", name_of(status), " (cuSOLVER status ", int(status), ")",
         status == CUSOLVER_STATUS_ALLOC_FAILED ? advice(cudaErrorMemoryAllocation) : "");
  }
}

}  // namespace svf::cuda::detail

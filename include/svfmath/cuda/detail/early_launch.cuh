// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// Kernels whose blocks take their places while the last ones of the kernel before them end
/// ("programmatic dependent launch", from compute capability 9.0 on): a microsecond less between
/// the two.
namespace svf::cuda::detail {

/// The first thing a kernel of `launch_early` does: waits until all that came before it in the
/// stream is done and can be seen.
__device__ inline void wait_for_predecessors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
#endif
}

/// Whether the code of `kernel` that this device runs has the wait in it: it was compiled for 9.0
/// or newer, be it as machine code or as PTX that the driver translates.
template <class Kernel>
bool waits_for_predecessors(stream_policy& exec, Kernel* kernel) {
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, exec.device()),
        "cudaDeviceGetAttribute");
  cudaFuncAttributes code = {};
  check(cudaFuncGetAttributes(&code, kernel), "cudaFuncGetAttributes");
  return major >= 9 && code.ptxVersion >= 90;
}

/// kernel(arguments…) in the stream. The kernel begins with `wait_for_predecessors`.
template <class... Parameters>
void launch_early(stream_policy& exec, dim3 blocks, unsigned threads, void (*kernel)(Parameters...),
                  std::type_identity_t<Parameters>... arguments) {
  cudaLaunchAttribute early = {};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = blocks;
  config.blockDim = threads;
  config.stream = exec.stream();
  config.attrs = &early;
  on_device const here(exec.device());
  config.numAttrs = waits_for_predecessors(exec, kernel) ? 1 : 0;
  check(cudaLaunchKernelEx(&config, kernel, arguments...), "cudaLaunchKernelEx");
}

}  // namespace svf::cuda::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/cuda/detail/status.hpp>
#include <svfmath/cuda/policy.hpp>

/// Kernels whose blocks take their places while the last ones of the kernel before them end
/// ("programmatic dependent launch", from compute capability 9.0 on): a microsecond less between the
/// two.
namespace svf::cuda::detail {

/// The first thing a kernel of `launch_early` does: waits until all that came before it in the
/// stream is done and can be seen.
__device__ inline void wait_for_predecessors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
#endif
}

inline int major_capability(stream_policy& exec) {
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, exec.device()),
        "cudaDeviceGetAttribute");
  return major;
}

struct launch_shape {
  dim3 blocks;
  unsigned threads;
  std::size_t shared_bytes = 0;  ///< beyond what the kernel names itself
  unsigned cluster = 1;          ///< blocks, along x, that see each other's shared memory
};

/// kernel(arguments…) in the stream. The kernel begins with `wait_for_predecessors`.
template <class... Parameters>
void launch_early(stream_policy& exec, launch_shape const& shape, void (*kernel)(Parameters...),
                  std::type_identity_t<Parameters>... arguments) {
  cudaLaunchAttribute attributes[2] = {};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim = {shape.cluster, 1, 1};
  cudaLaunchConfig_t config = {};
  config.gridDim = shape.blocks;
  config.blockDim = shape.threads;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = exec.stream();
  config.attrs = attributes;
  config.numAttrs = major_capability(exec) < 9 ? 0 : shape.cluster > 1 ? 2 : 1;
  on_device const here(exec.device());
  check(cudaLaunchKernelEx(&config, kernel, arguments...), "cudaLaunchKernelEx");
}

}  // namespace svf::cuda::detail

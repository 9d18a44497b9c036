// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

#include <svfmath/core/half.hpp>

/// The instructions around the tensor cores for 16-bit numbers (compute capability 8.0 and up), by
/// their names in the PTX manual: cp.async, ldmatrix and mma.m16n8k16. CUDA's wmma reaches the same
/// units, but reads shared memory element by element.
namespace svf::cuda::detail {

__device__ inline unsigned shared_address(void const* shared) {
  return unsigned(__cvta_generic_to_shared(shared));
}

/// 16 bytes begin to arrive in shared memory: those at `from`, or zeros where `inside` is false.
__device__ inline void begin_copy(void* shared, void const* from, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)),
               "l"(from), "r"(inside ? 16u : 0u)
               : "memory");
}

/// Ends a group of copies of this thread.
__device__ inline void end_copy_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until all groups of this thread but the last `Pending` have arrived.
template <int Pending>
__device__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

/// Four 8×8 blocks of 16-bit numbers from shared memory. Lane l gives the address of row l % 8 of
/// block l / 8, and gets the elements (l / 4, 2(l % 4)) and the one after it of each block.
__device__ inline void load_blocks(std::uint32_t (&blocks)[4], void const* row_of_lane) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(blocks[0]), "=r"(blocks[1]), "=r"(blocks[2]), "=r"(blocks[3])
               : "r"(shared_address(row_of_lane))
               : "memory");
}

/// C (16×8, float) += A (16×16) B (16×8). A: the blocks (0,0), (8,0), (0,8), (8,8); B: the blocks
/// k < 8 and k >= 8 of Bᵀ. Lane l holds C(l / 4, 2(l % 4) + {0,1}) and C(l / 4 + 8, …).
template <half_scalar H>
__device__ void multiply_add(float (&c)[4], std::uint32_t const (&a)[4], std::uint32_t b0,
                             std::uint32_t b1) {
  if constexpr (std::is_same_v<H, bfloat16>) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

}  // namespace svf::cuda::detail

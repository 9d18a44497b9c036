// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>
#include <svfmath/cpu/detail/gemm_pack.hpp>

namespace svf::cpu::detail {

constexpr index_t ceil_div(index_t a, index_t b) { return (a + b - 1) / b; }

/// Which elements of C a product has to compute.
enum class region { whole, lower };

/// Room for `size` uninitialised elements: in the object itself (on the caller's stack) where they
/// fit, so that small products do not allocate; otherwise from the allocator for one call.
template <class T>
class gemm_workspace {
 public:
  explicit gemm_workspace(index_t size) {
    if (size > index_t(small_.size())) {
      // Of few sizes, so that the next product finds what this one gives back.
      std::size_t const step = std::bit_ceil(std::size_t(size)) / 8;
      std::size_t const count = (std::size_t(size) + step - 1) / step * step;
      large_ = {aligned_allocator<T>{}.allocate(count), release{count}};
    }
  }
  T* data() { return large_ ? large_.get() : small_.data(); }

 private:
  struct release {
    std::size_t size = 0;
    void operator()(T* data) const { aligned_allocator<T>{}.deallocate(data, size); }
  };
  std::unique_ptr<T[], release> large_;
  alignas(64) std::array<T, 32768 / sizeof(T)> small_;
};

/// C ← α A B + β C for one register block: A a strip, rows of B at b.data + p·b.ld. Edges and
/// column-major C go through a buffer, so that every element meets the same kernel.
template <class B, class Strip, class T>
void gemm_block(T alpha, Strip a, matrix_view<T const> b, T beta, matrix_view<T> c) {
  if (c.rows == B::rows && c.cols == B::cols && c.layout == order::row_major) {
    gemm_kernel<B, B::rows>(b.rows, a, b.data, b.ld, alpha, beta, c.data, c.ld);
    return;
  }
  alignas(64) std::array<T, std::size_t(B::rows * B::cols)> storage;
  matrix_view<T> const buffer(storage.data(), B::rows, B::cols);
  if (beta != T(0)) {
    storage.fill(T(0));
    for (index_t i = 0; i < c.rows; ++i) {
      for (index_t j = 0; j < c.cols; ++j) {
        buffer(i, j) = c(i, j);
      }
    }
  }
  gemm_rows<B>(c.rows, b.rows, a, b.data, b.ld, alpha, beta, buffer.data, buffer.ld);
  for (index_t i = 0; i < c.rows; ++i) {
    for (index_t j = 0; j < c.cols; ++j) {
      c(i, j) = buffer(i, j);
    }
  }
}

/// Calls body(i, j) for all 0 ≤ i < down, 0 ≤ j < across, in tiles that fit the caches and are
/// enough to keep every thread busy.
template <class Exec, class Body>
void for_each_block(Exec& exec, index_t down, index_t across, Body&& body) {
  index_t tall = std::min<index_t>(16, down);
  index_t wide = std::min<index_t>(8, across);
  index_t const wanted = exec.threads() > 1 ? 8 * index_t(exec.threads()) : 1;
  while (ceil_div(down, tall) * ceil_div(across, wide) < wanted && tall * wide > 1) {
    (tall >= wide ? tall : wide) = ceil_div(std::max(tall, wide), 2);
  }
  index_t const columns = ceil_div(across, wide);
  for_each_index(exec, ceil_div(down, tall) * columns, [&](index_t tile) {
    index_t const first_i = tile / columns * tall;
    index_t const first_j = tile % columns * wide;
    for (index_t i = first_i; i < std::min(down, first_i + tall); ++i) {
      for (index_t j = first_j; j < std::min(across, first_j + wide); ++j) {
        body(i, j);
      }
    }
  });
}

/// So few columns of C are not worth a copy of A.
inline constexpr index_t few_columns = 256;

/// C ← α A B + β C by packed panels, for C of any order and k ≥ 1. With `region::lower` the
/// register blocks wholly above the diagonal are left alone. The sum over k is cut at multiples of
/// `depth` whatever else happens, so an element's bits depend on k alone, not on the tile or the
/// thread. A and B may have elements of another type, which are converted on the way. Allocates at
/// most two panels, and none for small products.
template <class Exec, class T, class A = T, class B = T>
void gemm_packed(Exec& exec, T alpha, std::type_identity_t<matrix_view<A const>> a,
                 std::type_identity_t<matrix_view<B const>> b, T beta, matrix_view<T> c,
                 region wanted) {
  using blocking = gemm_blocking<T>;
  constexpr index_t mr = blocking::rows;
  constexpr index_t nr = blocking::cols;
  index_t const depth = std::min(blocking::depth, a.cols);
  index_t const panel_rows = std::min(ceil_div(c.rows, mr), blocking::panel / mr) * mr;
  index_t const panel_cols = std::min(ceil_div(c.cols, nr), blocking::panel / nr) * nr;
  // Few rows do not pay for packing a B whose rows are contiguous, and few columns not for such an
  // A: only a narrow last strip is.
  bool const b_in_place =
      std::same_as<B, T> && b.layout == order::row_major && c.rows <= 4 * mr;
  bool const a_in_place =
      std::same_as<A, T> && a.layout == order::row_major && c.cols <= few_columns;
  index_t const packed_rows = a_in_place ? mr : panel_rows;
  gemm_workspace<T> workspace((packed_rows + (b_in_place ? nr : panel_cols)) * depth);
  T* const packed_a = workspace.data();
  T* const packed_b = packed_a + packed_rows * depth;

  for (index_t j0 = 0; j0 < c.cols; j0 += panel_cols) {
    index_t const n = std::min(panel_cols, c.cols - j0);
    index_t const across = ceil_div(n, nr);
    index_t const unpacked_b = b_in_place ? n / nr : 0;
    for (index_t p0 = 0; p0 < a.cols; p0 += depth) {
      index_t const k = std::min(depth, a.cols - p0);
      for (index_t i0 = 0; i0 < c.rows; i0 += panel_rows) {
        index_t const m = std::min(panel_rows, c.rows - i0);
        index_t const down = ceil_div(m, mr);
        index_t const unpacked_a = a_in_place ? m / mr : 0;
        index_t const strips_b = i0 == 0 ? across - unpacked_b : 0;
        index_t const groups_a = ceil_div(down - unpacked_a, strips_at_once);
        for_each_index(exec, groups_a + ceil_div(strips_b, strips_at_once), [&](index_t group) {
          if (group < groups_a) {
            index_t const row = group * strips_at_once * mr;
            index_t const first = unpacked_a * mr + row;
            index_t const rows = std::min(strips_at_once * mr, m - first);
            pack_strips<mr>(a.block(i0 + first, p0, rows, k), packed_a + row * k);
          } else {
            index_t const col = (group - groups_a) * strips_at_once * nr;
            index_t const first = unpacked_b * nr + col;
            index_t const cols = std::min(strips_at_once * nr, n - first);
            pack_strips<nr>(transposed(b.block(p0, j0 + first, k, cols)), packed_b + col * k);
          }
        });
        for_each_block(exec, down, across, [&](index_t i, index_t j) {
          index_t const row = i0 + i * mr;
          index_t const col = j0 + j * nr;
          if (wanted == region::lower && row + mr <= col) {
            return;
          }
          auto const right = [&]() -> matrix_view<T const> {
            if constexpr (std::same_as<B, T>) {
              if (j < unpacked_b) {
                return b.block(p0, col, k, nr);
              }
            }
            return {packed_b + (j - unpacked_b) * nr * k, k, nr};
          }();
          T const factor = p0 == 0 ? beta : T(1);
          auto const target =
              c.block(row, col, std::min(mr, c.rows - row), std::min(nr, c.cols - col));
          if constexpr (std::same_as<A, T>) {
            if (i < unpacked_a) {
              gemm_block<blocking>(alpha, strip_in_place<T, mr>(&a(row, p0), a.ld), right, factor,
                                   target);
              return;
            }
          }
          gemm_block<blocking>(alpha, packed_strip<T, mr>{packed_a + (i - unpacked_a) * mr * k},
                               right, factor, target);
        });
      }
    }
  }
}

}  // namespace svf::cpu::detail

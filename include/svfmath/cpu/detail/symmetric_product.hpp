// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/gemm_kernel.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>
#include <svfmath/cpu/policy.hpp>

/// y = A x for a symmetric A of which only the elements below the diagonal are read, each once: the
/// product is bound by how fast they come.
namespace svf::cpu::detail {

/// The strict lower triangle L of a symmetric matrix in padded rows: zeros stand on the diagonal
/// and right of it, up to the padded end of the group of four rows that a row belongs to.
template <class T>
struct strict_lower {
  T const* data;
  index_t ld;
};

/// For `Rows` rows of L from `row` on: y ← y + (L + Lᵀ) x restricted to their elements. As many
/// from `next` on are fetched meanwhile.
template <int Rows, class T>
[[gnu::always_inline]] inline void add_symmetric_group(strict_lower<T> a, index_t row, index_t next,
                                                       T const* x, T* y) {
  using vector = typename gemm_blocking<T>::vector;
  constexpr index_t lanes = gemm_blocking<T>::lanes;
  constexpr index_t line = 64 / index_t(sizeof(T));
  T const* const from = a.data + row * a.ld;
  index_t const to_next = (next - row) * a.ld;
  index_t const size = padded<T>(row + Rows - 1);
  vector factor[Rows];  // read once: the compiler cannot know that y is not x
#pragma GCC unroll 4
  for (int q = 0; q < Rows; ++q) {
    factor[q] = vector{} + x[row + q];
  }
  vector sum[Rows] = {};
  for (index_t j = 0; j < size; j += lanes) {
    vector const right = load<vector>(x + j);
    vector below = load<vector>(y + j);
    vector element[Rows];
#pragma GCC unroll 4
    for (int q = 0; q < Rows; ++q) {
      element[q] = load<vector>(from + q * a.ld + j);
    }
    if (j % line == 0) {
#pragma GCC unroll 4
      for (int q = 0; q < Rows; ++q) {
        __builtin_prefetch(from + q * a.ld + j + to_next);  // never faults
      }
    }
    // GCC 12 would otherwise read x again for every product.
    std::atomic_signal_fence(std::memory_order_seq_cst);
#pragma GCC unroll 4
    for (int q = 0; q < Rows; ++q) {
      sum[q] += element[q] * right;
      below += element[q] * factor[q];
    }
    store(y + j, below);
  }
#pragma GCC unroll 4
  for (int q = 0; q < Rows; ++q) {
    y[row + q] += sum_of_vector<T>(sum[q]);
  }
}

/// y (padded(last)) ← the part of (L + Lᵀ) x that the rows first … last−1 of L contribute, from the
/// last to the first if `upwards`; `first` is a multiple of 4.
template <class T>
[[gnu::noinline]] void symmetric_rows(strict_lower<T> a, index_t first, index_t last, bool upwards,
                                      T const* x, T* y) {
  std::fill_n(y, padded<T>(last), T(0));
  index_t const groups_end = first + (last - first) / 4 * 4;
  auto const single_rows = [&] {
    for (index_t row = groups_end; row < last; ++row) {
      add_symmetric_group<1>(a, row, row + 1, x, y);
    }
  };
  if (upwards) {
    single_rows();
    for (index_t row = groups_end - 4; row >= first; row -= 4) {
      add_symmetric_group<4>(a, row, std::max<index_t>(row - 4, 0), x, y);
    }
  } else {
    for (index_t row = first; row < groups_end; row += 4) {
      add_symmetric_group<4>(a, row, row + 4, x, y);
    }
    single_rows();
  }
}

/// y(j) ← y(j) + d(j) x(j).
template <class T>
[[gnu::noinline]] void add_diagonal(T const* d, T const* x, index_t size, T* y) {
  for (index_t j = 0; j < size; ++j) {
    y[j] += d[j] * x[j];
  }
}

/// How many pieces of about equal area the rows of L (m×m) are cut into: an even number where it is
/// worth a second thread. It depends on m alone, so that the sums do not depend on the number of
/// threads.
inline constexpr index_t most_symmetric_pieces = 16;
constexpr index_t symmetric_pieces(index_t m) {
  return m < 384 ? 1 : std::clamp<index_t>(m / 768 * 2, 2, most_symmetric_pieces);
}

/// The first row of piece p of `pieces`: the rows before it hold p/pieces of the area.
inline index_t symmetric_piece_begin(index_t m, index_t p, index_t pieces) {
  return p == pieces ? m : index_t(double(m) * std::sqrt(double(p) / double(pieces))) / 4 * 4;
}

/// y ← (L + diag(d) + Lᵀ) x for x and y of m elements, both padded, the first with zeros. `partial`
/// holds `most_symmetric_pieces` − 1 rows of stride `partial_ld`. 2m² flops. For odd m it goes
/// through the rows upwards: where m falls by one from product to product, each begins with what
/// the one before read last and is still in a cache.
template <class Exec, class T>
void symmetric_product(Exec& exec, strict_lower<T> a, T const* d, index_t m, T const* x, T* y,
                       T* partial, index_t partial_ld) {
  index_t const pieces = symmetric_pieces(m);
  bool const upwards = m % 2 == 1;
  for_each_index(exec, pieces, [&](index_t index) {
    index_t const p = upwards ? pieces - 1 - index : index;
    symmetric_rows(a, symmetric_piece_begin(m, p, pieces), symmetric_piece_begin(m, p + 1, pieces),
                   upwards, x, p == pieces - 1 ? y : partial + p * partial_ld);
  });
  for (index_t p = 0; p + 1 < pieces; ++p) {
    T const one = T(1);
    add_rows_to(&one, index_t{1}, partial + p * partial_ld, partial_ld,
                padded<T>(symmetric_piece_begin(m, p + 1, pieces)), y);
  }
  add_diagonal(d, x, m, y);
}

}  // namespace svf::cpu::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstring>

#include <svfmath/core/config.hpp>
#include <svfmath/core/view.hpp>

/// The innermost loops of `gemm` and `gram`, in the scheme of Goto and van de Geijn ("Anatomy of
/// high-performance matrix multiplication", 2008), on the compilers' vector types.
namespace svf::cpu::detail {

/// Sizes of the pieces a product is cut into, for one kind of processor. The kind is part of the
/// type, so that objects compiled for different processors do not share a kernel.
template <class T, int Bytes = config::vector_bytes, int Registers = config::vector_registers>
struct gemm_blocking {
  static_assert(std::same_as<T, float> || std::same_as<T, double>,
                "svf::cpu multiplies matrices of float or double");
  using vector [[gnu::vector_size(Bytes)]] = T;
  static constexpr index_t lanes = Bytes / int(sizeof(T));
  static constexpr int rows = Registers >= 32 ? 12 : 6;  ///< of C, held in registers
  static constexpr int vectors = 2;                      ///< of each of those rows
  static constexpr index_t cols = vectors * lanes;
  static constexpr index_t depth = 1536 / index_t(sizeof(T));   ///< of one pass over C
  static constexpr index_t panel = 12288 / index_t(sizeof(T));  ///< rows or columns packed at once
};

template <class V, class T>
[[gnu::always_inline]] inline V load(T const* from) {
  V value;
  std::memcpy(&value, from, sizeof(V));
  return value;
}

template <class V, class T>
[[gnu::always_inline]] inline void store(T* to, V value) {
  std::memcpy(to, &value, sizeof(V));
}

/// The rows of A that a register block multiplies, at one of their columns: packed, so that the
/// `Rows` elements of a column lie together.
template <class T, int Rows>
struct packed_strip {
  T const* data;

  [[gnu::always_inline]] T row(int i) const { return data[i]; }
  [[gnu::always_inline]] void next() { data += Rows; }
};

/// The same where A lies in rows: three of them from one address, as many as processors reach.
template <class T, int Rows>
class strip_in_place {
 public:
  strip_in_place(T const* data, index_t ld) : ld_(ld) {
    for (T const*& third : thirds_) {
      third = data;
      data += 3 * ld;
    }
  }

  [[gnu::always_inline]] T row(int i) const { return thirds_[i / 3][i % 3 * ld_]; }
  [[gnu::always_inline]] void next() {
#pragma GCC unroll 8
    for (T const*& third : thirds_) {
      ++third;
    }
  }

 private:
  static_assert(Rows % 3 == 0);
  T const* thirds_[Rows / 3];
  index_t ld_;
};

/// C ← α Σ_p a(p) b(p)ᵀ + β C for one register block of `Rows` rows: a(p) are the first `Rows`
/// elements of column p of the strip, b(p) the `B::cols` elements at b + p·ldb. The sum runs from
/// p = 0 upwards for every element on its own, so its bits do not depend on the block.
template <class B, int Rows, class Strip, class T>
[[gnu::noinline]] void gemm_kernel(index_t depth, Strip a, T const* b, index_t ldb, T alpha, T beta,
                                   T* c, index_t ldc) {
  using vector = typename B::vector;
  vector sum[Rows][B::vectors] = {};
  for (index_t p = 0; p < depth; ++p) {
    vector right[B::vectors];
#pragma GCC unroll 4
    for (int j = 0; j < B::vectors; ++j) {
      right[j] = load<vector>(b + j * B::lanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < B::vectors; ++j) {
        sum[i][j] += a.row(i) * right[j];
      }
    }
    a.next();
    b += ldb;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < B::vectors; ++j) {
      T* const to = c + i * ldc + j * B::lanes;
      vector value = alpha * sum[i][j];
      if (beta != T(0)) {
        value += beta * load<vector>(to);
      }
      store(to, value);
    }
  }
}

/// `gemm_kernel` for `rows` ≤ B::rows rows; the rows below are left alone.
template <class B, class Strip, class T>
void gemm_rows(index_t rows, index_t depth, Strip a, T const* b, index_t ldb, T alpha, T beta,
               T* c, index_t ldc) {
  constexpr int third = B::rows / 3;
  if (rows > 2 * third) {
    gemm_kernel<B, B::rows>(depth, a, b, ldb, alpha, beta, c, ldc);
  } else if (rows > third) {
    gemm_kernel<B, 2 * third>(depth, a, b, ldb, alpha, beta, c, ldc);
  } else {
    gemm_kernel<B, third>(depth, a, b, ldb, alpha, beta, c, ldc);
  }
}

}  // namespace svf::cpu::detail

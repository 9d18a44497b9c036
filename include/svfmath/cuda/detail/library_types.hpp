// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>

#include <cublas_v2.h>
#include <library_types.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/view.hpp>

/// What the libraries call our types, sizes and orders.
namespace svf::cuda::detail {

/// The element type in memory, and for `scalar` types what products are summed in.
template <class T>
struct library_type;
template <>
struct library_type<float> {
  static constexpr cudaDataType data = CUDA_R_32F;
  static constexpr cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
};
template <>
struct library_type<double> {
  static constexpr cudaDataType data = CUDA_R_64F;
  static constexpr cublasComputeType_t compute = CUBLAS_COMPUTE_64F;
};
template <>
struct library_type<bfloat16> {
  static constexpr cudaDataType data = CUDA_R_16BF;
};
template <>
struct library_type<float16> {
  static constexpr cudaDataType data = CUDA_R_16F;
};

/// A matrix that a library reads column by column: as it is where it is stored so, otherwise its
/// transpose.
template <class View>
cublasOperation_t operation_of(View const& a) {
  return a.layout == order::col_major ? CUBLAS_OP_N : CUBLAS_OP_T;
}

/// The leading dimension; one run of elements has none, and libraries want one all the same.
template <class View>
index_t leading_dimension(View const& a, char const* call) {
  index_t const least = std::max<index_t>(1, a.layout == order::col_major ? a.rows : a.cols);
  index_t const runs = a.layout == order::col_major ? a.cols : a.rows;
  expects(runs <= 1 || a.ld >= least, error_kind::shape, call,
          ": expected a leading dimension of at least ", least, ", got ", a.ld);
  return std::max(a.ld, least);
}

/// A size for a call that counts in 32 bits. Throws `error{backend}` where it does not fit.
inline int narrow(index_t size, char const* call) {
  expects(size >= 0 && size <= std::numeric_limits<int>::max(), error_kind::backend, call,
          ": expected a size below 2^31, which is as far as the library counts, got ", size);
  return int(size);
}

}  // namespace svf::cuda::detail

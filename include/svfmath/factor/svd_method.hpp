// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace svf {

/// The ways `factorize` knows to decompose a matrix.
enum class svd_method {
  gram,                ///< eigenvectors of AᵀA in double, with the tail fix: fast, the default
  divide_and_conquer,  ///< bidiagonal divide and conquer in double (QR steps on CUDA)
  jacobi,              ///< two-sided Jacobi in double: slow, small singular values at their best
};

/// The word used in files and on the command line.
constexpr std::string_view to_string(svd_method method) noexcept {
  switch (method) {
    case svd_method::gram: return "gram";
    case svd_method::divide_and_conquer: return "divide_and_conquer";
    case svd_method::jacobi: return "jacobi";
  }
  return "unknown";
}

/// The method a word names. Throws `error{format}` for any other word.
inline svd_method svd_method_from(std::string_view word) {
  for (auto const method :
       {svd_method::gram, svd_method::divide_and_conquer, svd_method::jacobi}) {
    if (to_string(method) == word) {
      return method;
    }
  }
  fail(error_kind::format, "svd_method_from: expected gram, divide_and_conquer or jacobi, got ",
       in_quotes(word));
}

}  // namespace svf

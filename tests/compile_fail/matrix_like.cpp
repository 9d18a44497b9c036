// SPDX-License-Identifier: Apache-2.0
// A number is no matrix, a vector of numbers neither.
// expect: matrix_like
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view_conversion.hpp>

void call(svf::matrix<float>& matrix, std::vector<float>& numbers) {
  static_cast<void>(svf::as_matrix(matrix));
  static_cast<void>(svf::as_vector(numbers));
  static_cast<void>(svf::as_matrix(numbers));  // refused
}

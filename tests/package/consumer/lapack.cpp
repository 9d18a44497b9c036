// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu/lapack.hpp>

int main() {
  svf::cpu::with_lapack<svf::cpu::par> exec(2);
  svf::matrix<double> g(2, 2);
  g(0, 0) = g(1, 1) = 2.0;
  g(1, 0) = 1.0;
  svf::vector<double> values(2);
  eigh(exec, g.view(), values.view(), g.view());
  double const first = values[0] - 1.0;
  double const second = values[1] - 3.0;
  double const error = first * first + second * second;
  return error < 1e-28 ? 0 : 1;
}

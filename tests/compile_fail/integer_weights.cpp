// SPDX-License-Identifier: Apache-2.0
// Integers have no factors, and the message names the concept.
// expect: scalar
#include <Eigen/Core>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>

void call(svf::cpu::seq& exec, Eigen::MatrixXf const& weights, Eigen::MatrixXi const& counts) {
  svf::factorize(exec, weights);
  svf::factorize(exec, counts);  // refused
}

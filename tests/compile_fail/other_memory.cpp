// SPDX-License-Identifier: Apache-2.0
// A verb on a policy of one memory space takes no matrix of another.
// expect: matrix_for
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>

void call(svf::cpu::seq& exec, svf::matrix_view<float const> host,
          svf::matrix_view<float const, svf::device_space> device) {
  svf::factorize(exec, host);
  svf::factorize(exec, device);  // refused
}

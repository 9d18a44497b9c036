// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu/algorithm.hpp>
#include <svfmath/cpu/policy.hpp>

int main() {
  svf::cpu::par exec(2);
  svf::vector<double> values(1000);
  svf::cpu::transform(exec, values.view(), [](svf::index_t i) { return double(i); });
  return values[999] == 999.0 ? 0 : 1;
}

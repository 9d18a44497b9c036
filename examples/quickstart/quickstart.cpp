// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <vector>

#include <Eigen/Core>
#include <svfmath/cpu.hpp>
#include <svfmath/svfmath.hpp>

int main() {
  Eigen::MatrixXf const w = Eigen::MatrixXf::Random(64, 32);  // a frozen weight matrix
  svf::cpu::par exec;                                         // Eigen and oneTBB, all cores
  auto const factors = svf::factorize(exec, w);               // W = U diag(σ) Vᵀ, once

  auto const sites = std::make_shared<svf::layout const>(
      std::vector<svf::site_spec>{{"mlp.up", 64, 32, svf::fingerprint_of(w)}});
  std::vector<float> z(32, 1.0f);  // an expert is one multiplier per singular value
  z[0] = 1.5f;
  svf::expert const skill(sites, z, "skill");
  auto const half = svf::lerp(svf::expert::identity(sites), skill, 0.5f);

  Eigen::MatrixXf adapted(64, 32);
  svf::materialize(exec, factors, half.values(), adapted);  // W' = U diag(σ∘z) Vᵀ
  double const change = double((adapted - w).norm()) / double(factors.s[0]);
  std::printf("|W' - W| = %.4f sigma_1\n", change);  // 0.2500: half of the way to 1.5
  return change > 0.2499 && change < 0.2501 ? 0 : 1;
}

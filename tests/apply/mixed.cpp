// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/mixed.hpp>

#include <vector>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/mixed.hpp>

TEST_CASE("mixed: seq and par give the same bits") {
  svf::cpu::seq one;
  svf::cpu::par three(3);
  svf::generator random(1, 2);
  mixed_problem<float> const p(random, 3, 70, 5);
  auto const x = test::normal_matrix<float>(70, p.factors.cols(), 6);
  std::vector<svf::matrix<float>> results;
  auto const run = [&](auto& exec) {
    svf::expert_spectra const spectra(exec, p.factors, p.z, svf::normalisation::nuclear);
    svf::row_selection const selection(exec, 5, p.expert_of_row);
    results.emplace_back(70, p.factors.rows());
    svf::apply_mixed(exec, p.factors, spectra, selection, x, results.back());
  };
  run(one);
  run(three);
  CHECK(test::max_difference(results[0], results[1]) == 0.0);
}

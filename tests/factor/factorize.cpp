// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factorize.hpp>

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/factorize.hpp>

namespace {

bool same_bits(svf::matrix<float> const& a, svf::matrix<float> const& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("factorize: the same bits on one thread and on three") {
  svf::cpu::seq one;
  svf::cpu::par three(3);
  for (auto const& each : test::hard_matrices(140, 70)) {
    auto const& w = each.w;
    CAPTURE(each.name);
    auto const a = svf::factorize(one, w);
    auto const b = svf::factorize(three, w);
    CHECK(same_bits(a.u, b.u));
    CHECK(same_bits(a.vt, b.vt));
    CHECK(test::max_difference(a.s, b.s) == 0.0);
  }
}

TEST_CASE("factorize: many matrices at once, one on each thread") {
  svf::cpu::par threads(3);
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t k = 0; k < 12; ++k) {
    weights.push_back(test::normal_matrix<float>(24 + svf::index_t(k), 24, k));
  }
  std::vector<factors> together(weights.size());
  for_each_index(threads, svf::index_t(weights.size()), [&](svf::index_t k) {
    svf::cpu::seq exec;
    together[std::size_t(k)] = svf::factorize(exec, weights[std::size_t(k)]);
  });
  svf::cpu::seq exec;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    auto const alone = svf::factorize(exec, weights[k]);
    CHECK(same_bits(alone.u, together[k].u));
    CHECK(same_bits(alone.vt, together[k].vt));
  }
}

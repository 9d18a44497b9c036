// SPDX-License-Identifier: Apache-2.0
#include <svfmath/apply/gradient.hpp>

#include <algorithm>

#include <doctest/doctest.h>

#include <support/cpu_policies.hpp>

#include <shared/gradient.hpp>

TEST_CASE("gradient: the cost model takes the path with fewer flops") {
  auto const flops_factored = [](double m, double n, double t) {
    return 2.0 * t * std::min(m, n) * (m + n);
  };
  auto const flops_dense = [](double m, double n, double t) {
    return 2.0 * m * n * (t + std::min(m, n));
  };
  for (double m : {1.0, 8.0, 64.0, 576.0, 1536.0}) {
    for (double n : {1.0, 8.0, 192.0, 576.0, 1536.0}) {
      for (double t : {1.0, 7.0, 64.0, 575.0, 577.0, 1535.0, 1537.0, 8192.0}) {
        auto const path =
            svf::cheaper_gradient_path(svf::index_t(m), svf::index_t(n), svf::index_t(t));
        double const chosen = path == svf::gradient_path::factored ? flops_factored(m, n, t)
                                                                   : flops_dense(m, n, t);
        CHECK(chosen <= std::min(flops_factored(m, n, t), flops_dense(m, n, t)));
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/transfer.hpp>

#include <array>
#include <span>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <svfmath/cpu.hpp>

#include "support/close.hpp"
#include "support/random.hpp"

using svf::index_t;

TEST_CASE("transfer: copies own their elements, whatever the order of the source") {
  svf::cpu::seq exec;
  auto const source = test::normal_matrix<float>(3, 5, 1);
  auto copied = svf::matrix_on(exec, source);
  CHECK(test::max_difference(copied, source) == 0.0);
  copied(0, 0) += 1.0f;
  CHECK(copied(0, 0) != source(0, 0));

  auto const turned = svf::host_matrix(exec, svf::transposed(source.view()));
  CHECK(turned.rows() == 5);
  for (index_t i = 0; i < 3; ++i) {
    for (index_t j = 0; j < 5; ++j) {
      CHECK(turned(j, i) == source(i, j));
    }
  }

  std::vector<double> const values{1.0, 2.0, 3.0, 4.0};
  CHECK(test::max_difference(svf::vector_on(exec, values), values) == 0.0);
  auto const second = svf::host_vector(exec, svf::vector_view<double const>(values.data(), 2, 2));
  CHECK(second[0] == 1.0);
  CHECK(second[1] == 3.0);
}

TEST_CASE("transfer: what the host can read is read in place, and single values by position") {
  svf::cpu::seq exec;
  auto const a = test::normal_matrix<float>(3, 5, 2);
  auto const row = a.view().row(1);
  CHECK(svf::detail::readable(exec, row).data == row.data);
  CHECK(svf::detail::value_at(exec, row, 3) == a(1, 3));
  CHECK(svf::detail::value_at(exec, svf::transposed(a.view()), 4, 2) == a(2, 4));
}

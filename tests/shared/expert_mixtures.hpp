// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Bodies for every backend; the including unit names its policies in SVFMATH_TEST_POLICIES.
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/expert_mixtures.hpp>
#include <svfmath/core/transfer.hpp>

namespace {

template <class Exec, class View>
auto values_of(Exec& exec, View const& view) {
  auto const here = svf::host_vector(exec, view);
  return std::vector<typename View::value_type>(here.begin(), here.end());
}

template <class Exec>
std::string mixtures_refusal(Exec& exec, svf::index_t experts, std::vector<int> const& offsets,
                             std::vector<int> const& members, std::vector<float> const& weights) {
  try {
    svf::expert_mixtures(exec, experts, offsets, members, weights);
  } catch (svf::error const& e) {
    return std::string(svf::to_string(e.kind())) + ": " + e.what();
  }
  return "";
}

}  // namespace

TEST_CASE_TEMPLATE("expert_mixtures: lists, from either memory, and a dense matrix are the same",
                   Exec, SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  std::vector<int> const offsets{0, 2, 2, 3};
  std::vector<int> const members{0, 3, 1};
  std::vector<float> const weights{0.25f, -2.0f, 1.5f};
  svf::matrix<float> alpha(3, 4);
  alpha(0, 0) = 0.25f;
  alpha(0, 3) = -2.0f;
  alpha(2, 1) = 1.5f;
  auto const check = [&](auto const& mixtures) {
    CHECK(mixtures.size() == 3);
    CHECK(mixtures.experts() == 4);
    CHECK(values_of(exec, mixtures.entries().offsets) == std::vector<svf::index_t>{0, 2, 2, 3});
    CHECK(values_of(exec, mixtures.entries().experts) == std::vector<svf::index_t>{0, 3, 1});
    CHECK(values_of(exec, mixtures.entries().weights) == std::vector<double>{0.25, -2.0, 1.5});
  };
  check(svf::expert_mixtures(exec, 4, offsets, members, weights));
  check(svf::expert_mixtures(exec, 4, svf::vector_on(exec, offsets), svf::vector_on(exec, members),
                             svf::vector_on(exec, weights)));
  check(svf::expert_mixtures(exec, alpha));
  check(svf::expert_mixtures(exec, svf::matrix_on(exec, alpha)));
}

TEST_CASE_TEMPLATE("expert_mixtures: what does not fit is refused, by mixture", Exec,
                   SVFMATH_TEST_POLICIES) {
  auto exec = test::make_policy<Exec>();
  CHECK(mixtures_refusal(exec, 4, {0, 1, 2}, {0, 3}, {1.0f, 1.0f}) == "");
  std::string const sizes =
      "shape: expert_mixtures: expected offsets of at least one mixture and a weight for each "
      "expert, got ";
  CHECK(mixtures_refusal(exec, 4, {}, {}, {}) == sizes + "0 offsets, 0 experts and 0 weights");
  CHECK(mixtures_refusal(exec, 4, {0}, {}, {}) == sizes + "1 offsets, 0 experts and 0 weights");
  CHECK(mixtures_refusal(exec, 4, {0, 2}, {0, 3}, {1.0f}) ==
        sizes + "2 offsets, 2 experts and 1 weights");
  CHECK(mixtures_refusal(exec, 4, {0, 3}, {0, 3}, {1.0f, 1.0f}) ==
        "shape: expert_mixtures: expected offsets from 0 to 2, got 0 to 3");
  CHECK(mixtures_refusal(exec, 4, {1, 2}, {0, 3}, {1.0f, 1.0f}) ==
        "shape: expert_mixtures: expected offsets from 0 to 2, got 1 to 2");
  for (int const middle : {3, -1}) {
    CHECK(
        mixtures_refusal(exec, 4, {0, middle, 1, 2}, {0, 3}, {1.0f, 1.0f})
            .starts_with("shape: expert_mixtures: expected offsets that do not fall, got 0 and "));
  }
  for (int const outside : {4, -1}) {
    CHECK(mixtures_refusal(exec, 4, {0, 1, 2}, {0, outside}, {1.0f, 1.0f}) ==
          "shape: expert_mixtures: expected experts from 0 to 3, got " + std::to_string(outside) +
              " in mixture 1");
  }
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(mixtures_refusal(exec, 4, {0, 1, 2}, {0, 3}, {1.0f, -inf}) ==
        "numeric: expert_mixtures: expected finite weights, got -inf for expert 3 in mixture 1");
  svf::matrix<float> alpha(2, 3);
  alpha(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(svf::expert_mixtures(exec, alpha), svf::error);
  CHECK_THROWS_AS(svf::expert_mixtures(exec, svf::matrix<float>(0, 3)), svf::error);
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/expert/bank.hpp>
#include <svfmath/expert/detail/evaluate.hpp>
#include <svfmath/expert/expert.hpp>

namespace svf::detail {

/// What a bank and a list of experts have in common: K vectors over one layout.
struct expert_rows {
  std::shared_ptr<svf::layout const> layout;
  std::vector<std::span<float const>> z;
};

inline expert_rows rows_of(std::string_view where, std::span<expert const> experts) {
  expects(!experts.empty(), error_kind::shape, where, ": expected at least one expert, got none");
  expert_rows result{experts.front().shared_layout(), {}};
  for (auto const& each : experts) {
    expect_same_layout(where, experts.front(), each);
    result.z.push_back(each.values());
  }
  return result;
}

inline expert_rows rows_of(std::string_view where, bank const& b) {
  expects(!b.empty(), error_kind::shape, where, ": expected at least one expert, got none");
  expert_rows result{b.shared_layout(), {}};
  for (index_t k = 0; k < b.size(); ++k) {
    result.z.push_back(b.row(k));
  }
  return result;
}

/// What Σ_k α_k z_k is completed with: nothing, or 1 − Σ_k α_k.
enum class remainder { none, identity };

/// z = Σ_k A(k, c) z_k (+ 1 − Σ_k A(k, c)) on every site, where c = column(site); A is K×C.
template <class Column>
expert blend(std::string_view where, expert_rows const& rows, matrix_view<double const> weights,
             remainder rest, Column&& column) {
  expects(weights.rows == index_t(rows.z.size()), error_kind::shape, where, ": expected weights ",
          "for ", rows.z.size(), " experts, got ", weights.rows);
  for (index_t k = 0; k < weights.rows; ++k) {
    for (index_t c = 0; c < weights.cols; ++c) {
      expects(std::isfinite(weights(k, c)), error_kind::numeric, where,
              ": expected finite weights, got ", weights(k, c), " for expert ", k);
    }
  }
  xt::xtensor<double, 1> z({std::size_t(rows.layout->size())}, 0.0);
  for (site const& each : rows.layout->sites()) {
    index_t const c = column(each);
    auto const offset = std::size_t(each.offset);
    auto const rank = std::size_t(each.rank());
    auto part = as_xtensor(std::span<double>(z.data() + offset, rank));
    double total = 0.0;
    for (index_t k = 0; k < weights.rows; ++k) {
      part += weights(k, c) * as_xtensor(rows.z[std::size_t(k)].subspan(offset, rank));
      total += weights(k, c);
    }
    if (rest == remainder::identity) {
      part += 1.0 - total;
    }
  }
  return evaluated(rows.layout, z, std::string(where));
}

}  // namespace svf::detail

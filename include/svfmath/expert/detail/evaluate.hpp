// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include <svfmath/expert/detail/xtensor.hpp>
#include <svfmath/expert/expert.hpp>

namespace svf::detail {

/// The values as an expression of doubles.
inline auto wide(std::span<float const> x) { return xt::cast<double>(as_xtensor(x)); }
inline auto wide(expert const& e) { return wide(e.values()); }

/// An expert with the values of an expression of doubles, rounded to float once.
template <class Expression>
expert evaluated(std::shared_ptr<svf::layout const> layout, Expression const& z,
                 std::string name) {
  return {std::move(layout), xt::xtensor<float, 1>(xt::cast<float>(z)), std::move(name)};
}

}  // namespace svf::detail

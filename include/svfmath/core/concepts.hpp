// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// Element types that verbs compute with.
template <class T>
concept scalar = std::same_as<T, float> || std::same_as<T, double>;

/// The methods of the primitive `svd`.
enum class direct_svd { divide_and_conquer, jacobi };

namespace detail {
template <class Exec, class T>
using exec_matrix = matrix_view<T, typename Exec::space>;
template <class Exec, class T>
using exec_vector = vector_view<T, typename Exec::space>;
}  // namespace detail

/// Where and how verbs run: a type in a backend's namespace whose primitives argument-dependent
/// lookup finds. Each line of the requirement is one primitive a backend must supply.
template <class Exec>
concept execution_policy =
    std::movable<Exec> && requires { typename Exec::space; } &&
    requires(Exec& exec, detail::exec_matrix<Exec, float> a,
             detail::exec_matrix<Exec, float const> b, detail::exec_vector<Exec, float> v,
             detail::exec_vector<Exec, float const> w) {
      gemm(exec, 1.0f, b, b, 0.0f, a);
      gram(exec, b, a);
      eigh(exec, b, v, a);
      qr(exec, a);
      svd(exec, direct_svd::jacobi, b, a, v, a);
      scale_columns(exec, b, w, a);
      scale_rows(exec, w, b, a);
      column_dots(exec, b, b, v);
      copy(exec, b, a);
      copy(exec, w, v);
    };

}  // namespace svf

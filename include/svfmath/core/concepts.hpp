// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>

namespace svf {

/// Element types that verbs compute with under every policy.
template <class T>
concept scalar = std::same_as<T, float> || std::same_as<T, double>;

/// Element types of weights and factors: the 16-bit ones are for policies whose `gemm` multiplies
/// them, which the CUDA policy's does, with sums in float.
template <class T>
concept weight_scalar = scalar<T> || half_scalar<T>;

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
             detail::exec_vector<Exec, float const> w, matrix_view<float> host_a,
             matrix_view<float const> host_b, vector_view<float> host_v,
             vector_view<float const> host_w, vector_view<index_t const> rows,
             detail::exec_vector<Exec, index_t const> selection) {
      gemm(exec, 1.0f, b, b, 0.0f, a);
      gram(exec, b, a);
      eigh(exec, b, v, a, 0.0);
      eigh_batch_size(exec, index_t{}, 0.0, 1);
      eigh_batch(exec, a);
      qr(exec, a);
      svd(exec, direct_svd::jacobi, b, a, v, a);
      scale_columns(exec, b, w, a);
      scale_columns(exec, b, w, a, b);
      scale_rows(exec, w, b, a);
      scale_selected(exec, b, b, selection, a, b);
      column_dots(exec, b, b, v);
      gather_rows(exec, b, rows, a);
      gather_rows(exec, b, rows, host_w, a);
      transform(exec, v, detail::constant<float>{});
      reduce_rows(exec, v, index_t{}, 0.0f, detail::constant<float>{}, detail::sum{});
      reduce(exec, index_t{}, 0.0f, detail::constant<float>{}, detail::sum{});
      begin_reduce(exec, index_t{}, 0.0f, detail::constant<float>{}, detail::sum{}).get();
      begin_scale_columns(exec, b, detail::constant<float>{1.0f}, a).get();
      for_each_problem(exec, index_t{}, detail::nothing{});
      allocate<float>(exec, index_t{});
      copy(exec, b, a);
      copy(exec, w, v);
      copy(exec, b, host_a);
      copy(exec, w, host_v);
      copy(exec, host_b, a);
      copy(exec, host_w, v);
      make_carrier<float>(exec).add(b);
      make_carrier<float>(exec).add(host_b);
      make_carrier<float>(exec).view(0);
    };

/// A matrix or vector that `Exec` can compute with: its elements lie in the memory of the policy.
/// A host pointer handed to a device's policy is refused here, at compile time.
template <class X, class Exec>
concept matrix_for = matrix_like<X> && std::same_as<typename Exec::space,
                     typename decltype(as_matrix(std::declval<X&>()))::space>;
template <class X, class Exec>
concept vector_for = vector_like<X> && std::same_as<typename Exec::space,
                     typename decltype(as_vector(std::declval<X&>()))::space>;

}  // namespace svf

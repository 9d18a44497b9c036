// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace svf {

/// How a trained parameter p stands for the multiplier z of one singular value σ. Every expert is
/// kept and combined as z; the parameterisation only matters while learning.
///
///   direct       z = p                 identity p = 1
///   sigmoid      z = 2 / (1 + e^−p)    identity p = 0, z in (0,2)   (released code of the paper)
///   exponential  z = e^p               identity p = 0, z > 0
///   additive     z = 1 + p/σ           identity p = 0, σ' = σ + p; z = 1 where σ = 0
enum class parameterisation { direct, sigmoid, exponential, additive };

/// The word used in files and on the command line.
constexpr std::string_view to_string(parameterisation p) noexcept {
  switch (p) {
    case parameterisation::direct: return "direct";
    case parameterisation::sigmoid: return "sigmoid";
    case parameterisation::exponential: return "exponential";
    case parameterisation::additive: return "additive";
  }
  return "unknown";
}

/// The parameterisation a word names. Throws `error{format}` for any other word.
inline parameterisation parameterisation_from(std::string_view word) {
  for (auto const p : {parameterisation::direct, parameterisation::sigmoid,
                       parameterisation::exponential, parameterisation::additive}) {
    if (to_string(p) == word) {
      return p;
    }
  }
  fail(error_kind::format, "parameterisation_from: expected direct, sigmoid, exponential or ",
       "additive, got ", in_quotes(word));
}

/// The p whose z is exactly 1, for every σ.
constexpr float identity_parameter(parameterisation kind) noexcept {
  return kind == parameterisation::direct ? 1.0f : 0.0f;
}

/// z(p) for one component. `sigma` is only read by `additive`.
inline float to_z(parameterisation kind, float p, float sigma) {
  switch (kind) {
    case parameterisation::direct: return p;
    case parameterisation::sigmoid: return 2.0f / (1.0f + std::exp(-p));
    case parameterisation::exponential: return std::exp(p);
    case parameterisation::additive: return sigma > 0.0f ? 1.0f + p / sigma : 1.0f;
  }
  return p;
}

/// dz/dp at p.
inline float z_derivative(parameterisation kind, float p, float sigma) {
  switch (kind) {
    case parameterisation::direct: return 1.0f;
    case parameterisation::sigmoid: {
      float const e = std::exp(-std::abs(p));  // symmetric in p, and never overflows
      return 2.0f * e / ((1.0f + e) * (1.0f + e));
    }
    case parameterisation::exponential: return std::exp(p);
    case parameterisation::additive: return sigma > 0.0f ? 1.0f / sigma : 0.0f;
  }
  return 1.0f;
}

/// The p with z(p) = z; NaN where there is none (sigmoid needs 0 < z < 2, exponential z > 0). Where
/// σ = 0, `additive` has no z but 1 and gives p = 0 for all of them: W' does not depend on it.
inline float from_z(parameterisation kind, float z, float sigma) {
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  switch (kind) {
    case parameterisation::direct: return z;
    case parameterisation::sigmoid:
      return z > 0.0f && z < 2.0f ? std::log(z / (2.0f - z)) : none;
    case parameterisation::exponential: return z > 0.0f ? std::log(z) : none;
    case parameterisation::additive: return (z - 1.0f) * sigma;
  }
  return z;
}

namespace detail {
inline void check_parameter_sizes(std::string_view where, parameterisation kind, std::size_t in,
                                  std::size_t sigma, std::size_t out) {
  bool const none_needed = sigma == 0 && kind != parameterisation::additive;
  expects(in == out && (sigma == in || none_needed), error_kind::shape, where, ": expected ", in,
          " values out and as many sigma (or none but for `additive`), got ", out, " and ", sigma);
}
}  // namespace detail

/// z(i) ← z(p(i)). All spans have D elements; `sigma` (σ of every component in layout order) may
/// be empty unless `kind` is additive. Throws `error{shape}`. O(D).
inline void to_z(parameterisation kind, std::span<float const> p, std::span<float const> sigma,
                 std::span<float> z) {
  detail::check_parameter_sizes("to_z", kind, p.size(), sigma.size(), z.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    z[i] = to_z(kind, p[i], sigma.empty() ? 0.0f : sigma[i]);
  }
}

/// p(i) ← the parameter of z(i): the start of a training run that continues an expert. Throws
/// `error{shape}`, and `error{numeric}` naming the first z outside the range of `kind`. O(D).
inline void from_z(parameterisation kind, std::span<float const> z, std::span<float const> sigma,
                   std::span<float> p) {
  detail::check_parameter_sizes("from_z", kind, z.size(), sigma.size(), p.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    p[i] = from_z(kind, z[i], sigma.empty() ? 0.0f : sigma[i]);
    expects(std::isfinite(p[i]), error_kind::numeric, "from_z: z[", i, "] = ", z[i],
            " has no parameter in the parameterisation ", to_string(kind));
  }
}

/// dp(i) ← dz(i) · dz/dp(i): the chain rule from the gradient in z to the one in p. Throws
/// `error{shape}`. O(D).
inline void chain(parameterisation kind, std::span<float const> p, std::span<float const> sigma,
                  std::span<float const> dz, std::span<float> dp) {
  detail::check_parameter_sizes("chain", kind, p.size(), sigma.size(), dp.size());
  expects(dz.size() == p.size(), error_kind::shape, "chain: expected ", p.size(),
          " gradients in z, got ", dz.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    dp[i] = dz[i] * z_derivative(kind, p[i], sigma.empty() ? 0.0f : sigma[i]);
  }
}

}  // namespace svf

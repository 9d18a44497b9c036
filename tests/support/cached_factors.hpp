// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include <svfmath/cpu.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/factor/cached_factors.hpp>
#include <svfmath/factor/fingerprint.hpp>

#include <support/random.hpp>

namespace test {

/// Not factors of anything, but with the shapes of some, and what a cache keeps beside them.
/// `version` tells one from another.
inline svf::cached_factors<float> some_factors(
    svf::index_t m, svf::index_t n, std::uint64_t version = 0,
    svf::storage_precision precision = svf::storage_precision::fp32) {
  svf::index_t const r = std::min(m, n);
  svf::svd_factors<float> f;
  f.u = normal_matrix<float>(m, r, 3 * version);
  f.s = svf::vector<float>(r);
  for (svf::index_t i = 0; i < r; ++i) {
    f.s[i] = float(r - i) + float(version) + 1.0f / 3.0f;
  }
  f.vt = normal_matrix<float>(r, n, 3 * version + 1);
  svf::cpu::seq exec;
  svf::cached_factors<float> result;
  result.factors = svf::rounded_factors(exec, std::move(f), precision);
  result.accuracy = {1.0 / 3.0 * 1e-7, 5e-324};
  result.unrounded = {1.0 / 7.0 * 1e-7, 2e-8};
  result.digest.bytes[0] = std::byte(version);
  result.digest.bytes[31] = std::byte(0xA5);
  return result;
}

/// Bit for bit.
inline bool same_factors(svf::svd_factors<float> const& a, svf::svd_factors<float> const& b) {
  auto const same = [](float const* x, float const* y, svf::index_t size) {
    return std::memcmp(x, y, std::size_t(size) * sizeof(float)) == 0;
  };
  return a.rows() == b.rows() && a.cols() == b.cols() && a.rank() == b.rank() &&
         same(a.u.data(), b.u.data(), a.u.size()) && same(a.s.data(), b.s.data(), a.s.size()) &&
         same(a.vt.data(), b.vt.data(), a.vt.size());
}

inline bool same_entry(svf::cached_factors<float> const& a, svf::cached_factors<float> const& b) {
  return same_factors(a.factors, b.factors) && a.digest == b.digest &&
         a.accuracy.reconstruction == b.accuracy.reconstruction &&
         a.accuracy.orthogonality == b.accuracy.orthogonality &&
         a.unrounded.reconstruction == b.unrounded.reconstruction &&
         a.unrounded.orthogonality == b.unrounded.orthogonality;
}

inline svf::fingerprint content_key(std::uint64_t i) { return {{i, ~i}}; }

inline constexpr svf::storage_precision all_precisions[] = {
    svf::storage_precision::fp32, svf::storage_precision::bf16, svf::storage_precision::fp16};

/// What f() says as it refuses; empty if it does not.
template <class F>
std::string refusal_of(F const& f) {
  try {
    f();
  } catch (svf::error const& problem) {
    return problem.what();
  }
  return "";
}

inline bool says(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace test

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/policy.hpp>

#include <cstdint>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>
#include <svfmath/factor/factorize.hpp>

#include <support/close.hpp>
#include <support/random.hpp>
#include <support/spectra.hpp>

using svf::index_t;

namespace {

std::string refusal(auto&& call) {
  try {
    call();
  } catch (svf::error const& e) {
    return e.kind() == svf::error_kind::backend ? e.what() : "another kind";
  }
  return "";
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

// Factors of a few matrices, some of which go through every round of the tail fix.
std::vector<svf::svd_factors<float>> factors_of_many(svf::cuda::stream_policy& exec,
                                                     std::uint64_t seed) {
  std::vector<svf::svd_factors<float>> result;
  for (int round = 0; round < 3; ++round) {
    for (auto const& each : test::hard_matrices(60 + index_t(seed), 40)) {
      result.push_back(svf::host_factors(exec, svf::factorize(exec, svf::matrix_on(exec, each.w))));
    }
  }
  return result;
}

bool same(std::vector<svf::svd_factors<float>> const& a,
          std::vector<svf::svd_factors<float>> const& b) {
  bool equal = a.size() == b.size();
  for (std::size_t i = 0; equal && i < a.size(); ++i) {
    equal = test::max_difference(a[i].u, b[i].u) == 0.0 &&
            test::max_difference(a[i].s, b[i].s) == 0.0 &&
            test::max_difference(a[i].vt, b[i].vt) == 0.0;
  }
  return equal;
}

}  // namespace

TEST_CASE("cuda policy: two policies work side by side from two threads, with the bits of one") {
  std::vector<svf::svd_factors<float>> first;
  std::vector<svf::svd_factors<float>> second;
  std::thread other([&] {
    svf::cuda::stream_policy exec;
    second = factors_of_many(exec, 2);
  });
  svf::cuda::stream_policy exec;
  first = factors_of_many(exec, 1);
  other.join();
  CHECK(same(first, factors_of_many(exec, 1)));
  CHECK(same(second, factors_of_many(exec, 2)));
}

TEST_CASE("cuda policy: move-only, and works after it was moved") {
  using svf::cuda::stream_policy;
  static_assert(!std::is_copy_constructible_v<stream_policy>);
  static_assert(std::is_nothrow_move_constructible_v<stream_policy>);
  static_assert(!std::is_copy_constructible_v<svf::matrix<float, svf::device_space>>);
  stream_policy first;
  stream_policy second = std::move(first);
  auto const a = test::normal_matrix<float>(5, 4, 1);
  CHECK(test::max_difference(svf::host_matrix(second, svf::matrix_on(second, a)), a) == 0.0);
  second = stream_policy();
  CHECK(test::max_difference(svf::host_matrix(second, svf::matrix_on(second, a)), a) == 0.0);
}

TEST_CASE("cuda policy: a matrix outlives the policy it was made by") {
  auto const a = test::normal_matrix<float>(50, 40, 1);
  svf::matrix<float, svf::device_space> kept;
  {
    svf::cuda::stream_policy exec;
    kept = svf::matrix_on(exec, a);
    exec.synchronize();
  }
  svf::cuda::stream_policy another;
  CHECK(test::max_difference(svf::host_matrix(another, kept), a) == 0.0);
}

TEST_CASE("cuda policy: memory that is not there is refused, and the policy goes on working") {
  svf::cuda::stream_policy exec;
  auto const message = refusal([&] {
    svf::make_matrix<double>(exec, index_t{1} << 21, index_t{1} << 21);
  });
  CHECK(contains(message, "out of memory"));
  CHECK(contains(message, "asked for 35184372088832 bytes"));
  CHECK(contains(message, "smaller matrices"));
  auto const a = test::normal_matrix<float>(5, 4, 1);
  CHECK(test::max_difference(svf::host_matrix(exec, svf::matrix_on(exec, a)), a) == 0.0);
  exec.release_unused();
  CHECK(test::max_difference(svf::host_matrix(exec, svf::matrix_on(exec, a)), a) == 0.0);
}

TEST_CASE("cuda policy: sizes that cuSOLVER cannot count are refused before it is called") {
  svf::cuda::stream_policy exec;
  constexpr index_t many = index_t{1} << 31;
  using view = svf::matrix_view<double, svf::device_space>;
  view const tall(nullptr, many, 1);
  view const one(nullptr, 1, 1);
  svf::vector_view<double, svf::device_space> const s(nullptr, 1);
  CHECK(contains(refusal([&] { qr(exec, tall); }), "below 2^31"));
  CHECK(contains(refusal([&] { svd(exec, svf::direct_svd::jacobi, tall, tall, s, one); }),
                 "below 2^31"));
}

TEST_CASE("cuda policy: the calling thread's device stays what it was") {
  int before = -1;
  REQUIRE(cudaGetDevice(&before) == cudaSuccess);
  int devices = 0;
  REQUIRE(cudaGetDeviceCount(&devices) == cudaSuccess);
  svf::cuda::stream_policy exec(devices - 1);
  auto const a = test::normal_matrix<float>(30, 20, 1);
  auto const f = svf::factorize(exec, svf::matrix_on(exec, a));
  CHECK(f.rank() == 20);
  auto const z = svf::vector_on(exec, std::vector<float>(20, 1.0f));
  auto const w = svf::host_matrix(exec, svf::materialize(exec, f, z));
  CHECK(test::max_difference(w, a) <= 1e-5);
  int after = -1;
  REQUIRE(cudaGetDevice(&after) == cudaSuccess);
  CHECK(after == before);
}

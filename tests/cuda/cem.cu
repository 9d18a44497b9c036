// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem.hpp>

#include <cmath>
#include <span>

#include <doctest/doctest.h>
#include <svfmath/core/detail/function_objects.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>

namespace {

// −(x(i) − i/4)².
struct bowl_term {
  svf::vector_view<double const, svf::device_space> x;
  __host__ __device__ double operator()(svf::index_t i) const {
    double const d = x[i] - 0.25 * double(i);
    return -d * d;
  }
};

}  // namespace

TEST_CASE("cem: a search under the device's policy values its members one by one, on the device") {
  svf::cuda::stream_policy exec;
  svf::cem_options<double> options;
  options.dim = 4;
  options.lower = {-1.0};
  options.upper = {1.0};
  options.max_iters = 40;
  options.seed = 3;
  svf::cem<double> on_device(options);
  auto const found = on_device.optimize(exec, [&](std::span<double const> x) {
    auto const there = svf::vector_on(exec, x);
    return reduce(exec, there.size(), 0.0, bowl_term{there.view()}, svf::detail::sum{});
  });
  svf::cem<double> on_host(options);
  auto const expected = on_host.optimize([](std::span<double const> x) {
    double value = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      value -= std::pow(x[i] - 0.25 * double(i), 2);
    }
    return value;
  });
  CHECK(found.evals == expected.evals);
  REQUIRE(found.best_x.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(found.best_x[i] - 0.25 * double(i)) <= 0.02);
    CHECK(std::abs(found.best_x[i] - expected.best_x[i]) <= 1e-9);
  }
}

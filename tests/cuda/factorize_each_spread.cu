// SPDX-License-Identifier: Apache-2.0
#include <support/cuda_policies.cuh>

#include <shared/factorize_each_spread.hpp>

#include <algorithm>

namespace {

int device_count() {
  int devices = 0;
  REQUIRE(cudaGetDeviceCount(&devices) == cudaSuccess);
  return devices;
}

// Views of the weights on one or several devices, with columns beside them that are not theirs.
struct scattered {
  std::vector<svf::matrix<float, svf::device_space>> memory;
  std::vector<svf::matrix_view<float const, svf::device_space>> views;

  scattered(std::vector<svf::cuda::stream_policy>& execs,
            std::vector<svf::matrix<float>> const& weights) {
    for (std::size_t k = 0; k < weights.size(); ++k) {
      auto const& w = weights[k];
      auto& exec = execs[k % execs.size()];
      auto const beside = svf::index_t(k % 3);
      memory.push_back(svf::make_matrix<float>(exec, w.rows(), w.cols() + beside));
      auto const place = memory.back().view().cols_range(0, w.cols());
      copy(exec, w.view(), place);
      views.push_back(svf::as_const(place));
    }
  }
};

}  // namespace

TEST_CASE("cuda factorize_each, two devices: weights on both, factors where they were made") {
  if (device_count() < 2) {
    MESSAGE("SKIPPED: needs two devices");
    return;
  }
  auto const weights = mixed_weights();
  std::vector<svf::cuda::stream_policy> execs;
  execs.emplace_back(0);
  execs.emplace_back(1);
  std::vector<svf::cuda::stream_policy> second;
  second.emplace_back(1);
  scattered const on_both(execs, weights);
  scattered const on_second(second, weights);
  second.front().synchronize();
  auto const factors = spread_factors(execs, on_both.views);
  check_accuracy(factors, weights);
  check_same(factors, spread_factors(execs, on_second.views));
  check_same(factors, spread_factors(execs, weights));
  std::vector<int> devices(2);
  svf::factorize_each(execs, on_both.views,
                      [&](svf::cuda::stream_policy& exec, std::size_t, auto&& made) {
                        CHECK(svf::cuda::detail::device_of(made.u.data(), -1) == exec.device());
                        ++devices[std::size_t(exec.device())];
                      });
  CHECK(devices[0] + devices[1] == int(weights.size()));
  CHECK(std::min(devices[0], devices[1]) > 0);
}

TEST_CASE("cuda factorize_each, one policy in a range: the batches of the policy by itself") {
  auto const weights = mixed_weights();
  auto execs = some_policies<svf::cuda::stream_policy>(1);
  auto const there = on_first(execs, weights);
  std::vector<svf::svd_factors<float>> plain(weights.size());
  svf::factorize_each(execs.front(), there, [&](std::size_t i, auto&& factors) {
    plain[i] = svf::host_factors(execs.front(), factors);
  });
  check_same(plain, spread_factors(execs, there));
}

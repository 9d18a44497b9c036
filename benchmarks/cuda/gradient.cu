// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>

#include <svfmath/apply/gradient.hpp>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"
#include "support/report.hpp"

namespace {

constexpr svf::index_t size = 4096;

struct timing {
  double chosen = 0.0;
  double factored = 0.0;
  double dense = 0.0;
  double composed = 0.0;
  double error = 0.0;  ///< ‖dz − reference‖ / ‖reference‖
};

template <class T>
auto random_matrix(svf::cuda::stream_policy& exec, svf::index_t rows, std::uint64_t seed) {
  auto const exact = bench::normal_matrix(exec, rows, size, seed);
  auto result = svf::make_matrix<T>(exec, rows, size);
  copy(exec, exact.view(), result.view());
  return result;
}

// dL/dz of a 4096² site from `tokens` inputs and output gradients in T, by either way, by the
// automatic choice, and by the products that differentiation of y = x (U diag(σ∘z) Vᵀ)ᵀ through the
// composed matrix takes: W', dW' = Δᵀ X and dW' V. The reference is the factored way in double.
template <class T>
timing measure(svf::cuda::stream_policy& exec, svf::index_t tokens) {
  auto const exact = bench::random_factors(exec, size, size);
  auto const factors = svf::factors_as<T>(exec, exact);
  auto const z = bench::multipliers(exec, size, 4);
  auto const x = random_matrix<T>(exec, tokens, 5);
  auto const delta = random_matrix<T>(exec, tokens, 6);
  auto dz = svf::make_vector<float>(exec, size);
  auto w = svf::make_matrix<T>(exec, size, size);
  auto dw = svf::make_matrix<T>(exec, size, size);
  auto const dense = [&] {
    gemm(exec, 1.0f, svf::transposed(delta.view()), x.view(), 0.0f, dw.view());
    svf::gradient_from_dense(exec, factors, z, dw, dz);
  };
  auto const composed = [&] {
    svf::materialize(exec, factors, z, w);
    dense();
  };
  auto const factored = [&] { svf::gradient_from_factors(exec, factors, z, x, delta, dz); };
  auto const chosen = [&] { svf::gradient(exec, factors, z, x, delta, dz); };
  auto const seconds = bench::best_seconds(exec, factored, dense, composed, chosen);
  timing t;
  t.factored = seconds[0];
  t.dense = seconds[1];
  t.composed = seconds[2];
  t.chosen = seconds[3];
  auto const wide = svf::factors_as<double>(exec, exact);
  auto reference = svf::make_vector<double>(exec, size);
  svf::gradient_from_factors(exec, wide, z, random_matrix<double>(exec, tokens, 5),
                             random_matrix<double>(exec, tokens, 6), reference);
  auto const expected = svf::host_vector(exec, reference);
  auto const ours = svf::host_vector(exec, dz);
  double difference = 0.0;
  double norm = 0.0;
  for (svf::index_t i = 0; i < size; ++i) {
    difference += std::pow(double(ours[i]) - expected[i], 2);
    norm += std::pow(expected[i], 2);
  }
  t.error = std::sqrt(difference / norm);
  return t;
}

void add_row(bench::report& report, char const* type, svf::index_t tokens, timing const& t) {
  report.row({type, tokens, 1e6 * t.chosen, 1e6 * t.factored, 1e6 * t.dense, 1e6 * t.composed,
              t.error});
}

}  // namespace

// usage: bench_gradient_cuda [--json FILE]
//
// HEADLINE and PEER are ours and the composed way where their ratio is the worst in bfloat16.
int main(int argc, char** argv) {
  svf::cuda::stream_policy exec;
  bench::report report(exec, {argc, argv}, "gradient of a 4096 x 4096 site",
                       {{"type", 8},
                        {"tokens", 7},
                        {"chosen_us", 11, "%.1f"},
                        {"factored_us", 11, "%.1f"},
                        {"dense_us", 11, "%.1f"},
                        {"composed_us", 11, "%.1f"},
                        {"error", 10, "%.2e"}});
  timing worst;
  for (svf::index_t const tokens : {64, 256, 1024, 4096, 16384}) {
    auto const t = measure<svf::bfloat16>(exec, tokens);
    add_row(report, "bfloat16", tokens, t);
    if (worst.chosen == 0.0 || t.composed / t.chosen < worst.composed / worst.chosen) {
      worst = t;
    }
    add_row(report, "float", tokens, measure<float>(exec, tokens));
  }
  report.headline(worst.chosen, worst.error, worst.composed);
  return report.finish();
}

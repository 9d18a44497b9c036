// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"
#include "support/report.hpp"

namespace {

using shape = std::pair<svf::index_t, svf::index_t>;

struct timing {
  double ours = 0.0;
  double product = 0.0;
  double error = 0.0;  ///< ‖W' − reference‖_F / ‖reference‖_F
  double ratio() const { return ours / product; }
};

// W'(z) in T, and the product alone, which it cannot be had without. The reference is W' in double
// from the same factors before they were rounded to T.
template <class T>
timing measure(svf::cuda::stream_policy& exec, shape const& extents) {
  auto const exact = bench::random_factors(exec, extents.first, extents.second);
  auto const factors = svf::factors_as<T>(exec, exact);
  auto const z = bench::multipliers(exec, factors.rank(), 4);
  auto out = svf::make_matrix<T>(exec, factors.rows(), factors.cols());
  timing result;
  auto const product = [&] {
    gemm(exec, 1.0f, factors.u.view(), factors.vt.view(), 0.0f, out.view());
  };
  auto const ours = [&] { svf::materialize(exec, factors, z, out); };
  auto const seconds = bench::best_seconds(exec, product, ours);
  result.product = seconds[0];
  result.ours = seconds[1];
  auto const wide = svf::factors_as<double>(exec, exact);
  auto const reference = svf::host_matrix(exec, svf::materialize(exec, wide, z));
  auto const w = svf::host_matrix(exec, out);
  double difference = 0.0;
  double norm = 0.0;
  for (svf::index_t i = 0; i < reference.size(); ++i) {
    difference += std::pow(double(w.data()[i]) - reference.data()[i], 2);
    norm += std::pow(reference.data()[i], 2);
  }
  result.error = std::sqrt(difference / norm);
  return result;
}

void add_row(bench::report& report, char const* type, shape const& extents, timing const& t) {
  report.row({type, extents.first, extents.second, 1e6 * t.ours, 1e6 * t.product, t.ratio(),
              t.error});
}

}  // namespace

// usage: bench_materialize_cuda [--json FILE]
//
// W'(z) against the bare product of its two factors. HEADLINE and PEER are those of the worse of
// the two large matrices in bfloat16.
int main(int argc, char** argv) {
  svf::cuda::stream_policy exec;
  bench::report report(exec, {argc, argv}, "materialize",
                       {{"type", 8},
                        {"m", 6},
                        {"n", 6},
                        {"ours_us", 12, "%.1f"},
                        {"product_us", 12, "%.1f"},
                        {"ratio", 8, "%.3f"},
                        {"error", 10, "%.2e"}});
  timing worst;
  for (shape const& s : {shape{1024, 4096}, {4096, 4096}, {14336, 4096}}) {
    auto const t = measure<svf::bfloat16>(exec, s);
    add_row(report, "bfloat16", s, t);
    if (s.first >= 4096 && (worst.product == 0.0 || t.ratio() > worst.ratio())) {
      worst = t;
    }
    add_row(report, "float16", s, measure<svf::float16>(exec, s));
    add_row(report, "float", s, measure<float>(exec, s));
  }
  report.headline(worst.ours, worst.error, worst.product);
  return report.finish();
}

// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <utility>

#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"

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

timing print(char const* type, shape const& extents, timing const& t) {
  std::printf("%-10s %6td %6td %12.1f %12.1f %8.3f %10.2e\n", type, extents.first, extents.second,
              1e6 * t.ours, 1e6 * t.product, t.ratio(), t.error);
  return t;
}

}  // namespace

// W'(z) against the bare product of its two factors. HEADLINE and PEER are those of the worse of the
// two large matrices in bfloat16.
int main() {
  svf::cuda::stream_policy exec;
  bench::print_title(exec, "materialize");
  std::printf("%-10s %6s %6s %12s %12s %8s %10s\n", "type", "m", "n", "W' us", "product us",
              "ratio", "error");
  timing worst;
  for (shape const& s : {shape{1024, 4096}, {4096, 4096}, {14336, 4096}}) {
    auto const t = print("bfloat16", s, measure<svf::bfloat16>(exec, s));
    if (s.first >= 4096 && (worst.product == 0.0 || t.ratio() > worst.ratio())) {
      worst = t;
    }
    print("float16", s, measure<svf::float16>(exec, s));
    print("float", s, measure<float>(exec, s));
  }
  std::printf("PEER %.4g\nHEADLINE %.4g %.3g\n", worst.product, worst.ours, worst.error);
}

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>

#include "support/best_seconds.hpp"
#include "support/timed_policy.hpp"
#include "support/trained_spectrum.hpp"

#ifdef SVFMATH_BENCHMARK_LAPACK
#include <svfmath/cpu/lapack.hpp>
#endif

/// Where the time of `factorize` goes, step by step, and how far each is from what this machine
/// allows: the products' flops at the speed of the best product measured, the reading of symmetric
/// matrices at the speed of summing as many bytes.
namespace {

using svf::index_t;

/// Speeds of a policy's threads together.
struct machine {
  double flops;  ///< a second, of double products
};

template <class Exec>
machine measure_machine(Exec& exec) {
  constexpr index_t n = 1536;
  svf::matrix<double> a(n, n);
  std::fill_n(a.data(), a.size(), 1.0);
  svf::matrix<double> c(n, n);
  double const seconds =
      bench::best_seconds([&] { gemm(exec, 1.0, a.view(), a.view(), 0.0, c.view()); });
  return {2.0 * double(n) * double(n) * double(n) / seconds};
}

/// Bytes a second of summing `bytes` bytes that were summed just before, each thread its share.
template <class Exec>
double reading_speed(Exec& exec, double bytes) {
  constexpr index_t lanes = 64;
  index_t const threads = exec.threads();
  index_t const lines = std::max(index_t{1}, index_t(bytes / sizeof(double)) / threads / lanes);
  std::vector<double> values(std::size_t(threads * lines * lanes), 1.0);
  std::vector<double> sums(static_cast<std::size_t>(threads));
  double const seconds = bench::best_seconds([&] {
    for_each_index(exec, threads, [&](index_t t) {
      std::array<double, lanes> sum{};
      for (index_t line = 0; line < lines; ++line) {
        double const* const from = values.data() + (t * lines + line) * lanes;
        for (std::size_t i = 0; i < sum.size(); ++i) {
          sum[i] += from[i];
        }
      }
      sums[std::size_t(t)] = sum[0] + sum[lanes - 1];
    });
  });
  return double(values.size()) * sizeof(double) / seconds;
}

void print(char const* step, double seconds, double bound) {
  std::printf("  %-36s %10.2f", step, 1e3 * seconds);
  if (bound > 0.0) {
    std::printf(" %10.2f %7.0f %%", 1e3 * bound, 100.0 * bound / seconds);
  }
  std::printf("\n");
}

/// What the three steps of an eigensolver cannot go below. The reduction's products with the matrix
/// read what is left of its triangle once for every column, n³/6 elements in all; the tridiagonal
/// matrix has vectors of n² elements.
struct eigh_bounds {
  double reduction;
  double vectors;
  double divide_and_conquer;  ///< the vectors by that method, without deflation
  double back;

  double all() const { return reduction + vectors + back; }
};

template <class Exec>
eigh_bounds bounds_of_eigh(Exec& exec, machine const& m, double n) {
  double const cubed = n * n * n;
  double const triangle = sizeof(double) * n * n / 2.0;
  return {2.0 / 3.0 * cubed / m.flops +
              sizeof(double) * cubed / 6.0 / reading_speed(exec, triangle),
          2.0 * triangle / reading_speed(exec, 2.0 * triangle), 4.0 / 3.0 * cubed / m.flops,
          2.0 * cubed / m.flops};
}

/// best ← the seconds of body(), if they are fewer.
template <class Body>
void time(double& best, Body&& body) {
  double seconds = 0.0;
  {
    bench::stopwatch const watch(seconds);
    body();
  }
  best = std::min(best, seconds);
}

constexpr double never = std::numeric_limits<double>::infinity();

/// AᵀA in double, A = W or its transpose, whichever is tall.
svf::matrix<double> gram_of(svf::matrix<float> const& w) {
  svf::cpu::par exec;
  svf::matrix<double> wide(w.rows(), w.cols());
  copy(exec, w.view(), wide.view());
  auto const a = svf::as_const(w.rows() < w.cols() ? svf::transposed(wide.view()) : wide.view());
  svf::matrix<double> g(a.cols, a.cols);
  gram(exec, a, g.view());
  return g;
}

/// The steps of our eigensolver.
template <class Exec>
void print_own_steps(Exec& exec, svf::matrix<double> const& g, eigh_bounds const& bounds) {
  using namespace svf::cpu::detail;
  index_t const n = g.rows();
  auto const length = std::size_t(n);
  index_t const ld = padded_stride<double>(n);
  svf::matrix<double> reduced(n, ld);
  svf::matrix<double> rows(n, ld);
  svf::matrix_view<double> const a(reduced.data(), n, n, ld);
  svf::matrix_view<double> const x(rows.data(), n, n, ld);
  std::vector<double> d(length), e(length), tau(length);
  std::vector<index_t> order(length);
  double const scale = largest_in_lower<Exec, double>(exec, g.view());
  double reduction = never;
  double vectors = never;
  double back = never;
  bench::best_seconds([&] {
    std::fill_n(reduced.data(), reduced.size(), 0.0);
    load_lower<Exec, double>(exec, g.view(), scale, d.data(), a);
    time(reduction, [&] { reduce_to_tridiagonal(exec, a, d.data(), e.data(), tau.data()); });
    bool ended = false;
    time(vectors, [&] {
      ended = tridiagonal_eigen(exec, d.data(), e.data(), x, order.data(),
                                svf::detail::orthogonality_for<float>);
    });
    svf::expects(ended, svf::error_kind::numeric, "tridiagonal_eigen: did not end for n = ", n);
    time(back, [&] { apply_reflectors(exec, a, tau.data(), x, reflectors_at_once(n)); });
  });
  print("  tridiagonal reduction", reduction, bounds.reduction);
  print("  tridiagonal eigenpairs", vectors, bounds.vectors);
  print("  back-transformation", back, bounds.back);
}

#ifdef SVFMATH_BENCHMARK_LAPACK
/// The steps of LAPACK's eigensolver, on one thread.
void print_lapack_steps(svf::matrix<double> const& g, eigh_bounds const& bounds) {
  using namespace svf::cpu::detail;
  one_blas_thread const alone;
  int const n = int(g.rows());
  auto const length = std::size_t(n);
  std::vector<double> a, d, e, q(length * length), tau(length);
  std::vector<double> work(length * length + 64 * length + 65 * 64);
  std::vector<int> integers(3 + 5 * length);
  int const size = int(work.size());
  int const integers_size = int(integers.size());
  int info = 0;
  double reduction = never;
  double conquest = never;
  double back = never;
  bench::best_seconds([&] {
    a.assign(g.data(), g.data() + g.size());
    d.assign(length, 0.0);
    e.assign(length, 0.0);
    time(reduction, [&] {
      lapack_dsytrd("L", &n, a.data(), &n, d.data(), e.data(), tau.data(), work.data(), &size,
                    &info, 1);
    });
    time(conquest, [&] {
      lapack_dstedc("I", &n, d.data(), e.data(), q.data(), &n, work.data(), &size, integers.data(),
                    &integers_size, &info, 1);
    });
    time(back, [&] {
      lapack_dormtr("L", "L", "N", &n, &n, a.data(), &n, tau.data(), q.data(), &n, work.data(),
                    &size, &info, 1, 1, 1);
    });
  });
  print("LAPACK's dsytrd, one thread", reduction, bounds.reduction);
  print("LAPACK's dstedc, one thread", conquest, bounds.divide_and_conquer);
  print("LAPACK's dormtr, one thread", back, bounds.back);
}
#endif

template <class Exec>
void steps(Exec& exec, index_t m, index_t n) {
  svf::cpu::par all;
  auto const w = bench::trained_matrix(all, m, n, std::uint64_t(m + n));
  double best = never;
  bench::primitive_times times;
  bench::best_seconds([&] {
    exec.times = {};
    double total = 0.0;
    {
      bench::stopwatch const watch(total);
      auto const factors = svf::factorize(exec, w);
    }
    if (total < best) {
      best = total;
      times = exec.times;
    }
  });
  machine const here = measure_machine(exec);
  double const memory = reading_speed(exec, 512e6);
  double const order = double(std::min(m, n));
  double const length = double(std::max(m, n));
  eigh_bounds const bounds = bounds_of_eigh(exec, here, order);
  std::printf("%td x %td, threads: %d; products %.1f GF/s, memory %.1f GB/s\n", m, n,
              exec.threads(), here.flops / 1e9, memory / 1e9);
  std::printf("  %-36s %10s %10s %9s\n", "step", "ms", "bound ms", "reached");
  print("Gram matrix", times.gram, order * order * length / here.flops);
  print("its eigenvectors", times.eigh, bounds.all());
  auto const g = gram_of(w);
  print_own_steps(exec, g, bounds);
  print("A times these", times.gemm, 2.0 * order * order * length / here.flops);
  // W is read once, AV once for its lengths, and both factors are read and rounded.
  double const bytes = double(m) * double(n) * (4 + 8) + (length + order) * order * (8 + 4);
  print("checks, lengths, order, signs", best - times.gram - times.eigh - times.gemm,
        bytes / memory);
  print("all", best, 0.0);
#ifdef SVFMATH_BENCHMARK_LAPACK
  svf::cpu::seq one;
  print_lapack_steps(g, bounds_of_eigh(one, measure_machine(one), order));
#endif
  if (m == bench::rows) {
    std::printf("HEADLINE %.6g none\n", best);
  }
}

}  // namespace

// SmolLM2-135M's shapes on one thread, as `factorize_each` does them, and two larger ones on all.
int main() {
  for (auto const& [m, n] : {std::pair<index_t, index_t>{192, 576}, {576, 576}, {1536, 576}}) {
    bench::timed<svf::cpu::seq> exec;
    steps(exec, m, n);
  }
  for (auto const& [m, n] : {std::pair<index_t, index_t>{8192, 1024}, {4096, 4096}}) {
    bench::timed<svf::cpu::par> exec;
    steps(exec, m, n);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/cpu/blas.hpp>

#include "support/site.hpp"

/// gemm [threads]: rates of `gemm` and `gram` for the shapes of a 135M-parameter transformer. Best
/// of the repetitions, by the wall clock and by the processor time of all threads together, which
/// on a busy machine says what one undisturbed core does. Last the line for run.sh: seconds and
/// error of the product that benchmarks/peers/gemm.py does too.
namespace {

using svf::index_t;

template <class T>
svf::matrix<T> random_matrix(index_t rows, index_t cols, std::uint64_t seed) {
  svf::matrix<T> result(rows, cols);
  svf::random_stream const random(seed);
  for (index_t i = 0; i < result.size(); ++i) {
    result.data()[i] = T(random.uniform(std::uint64_t(i)) - 0.5);
  }
  return result;
}

double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/// Returns the best time by the wall clock, in seconds.
template <class F>
double report(char const* what, index_t m, index_t k, index_t n, double bytes, F&& run) {
  double const work = 2.0 * double(m) * double(k) * double(n);
  int const batch = int(std::clamp(2e6 / work, 1.0, 1000.0));
  int const repetitions = int(std::clamp(1e11 / (work * batch), 5.0, 500.0));
  double wall = 1e9;
  double processor = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    auto const start = std::chrono::steady_clock::now();
    double const used = processor_seconds();
    for (int j = 0; j < batch; ++j) {
      run();
    }
    processor = std::min(processor, (processor_seconds() - used) / batch);
    std::chrono::duration<double> const passed = std::chrono::steady_clock::now() - start;
    wall = std::min(wall, passed.count() / batch);
  }
  std::printf("%-16s m %5td k %5td n %5td  %9.2f us  %7.1f GF/s  %7.1f GF per cpu-s  %6.1f GB/s\n",
              what, m, k, n, wall * 1e6, work / wall * 1e-9, work / processor * 1e-9,
              bytes / wall * 1e-9);
  return wall;
}

template <class T>
void product(svf::cpu::par& exec, char const* what, index_t m, index_t k, index_t n,
             bool weights_by_row) {
  auto const a = random_matrix<T>(m, k, 1);
  auto const w = weights_by_row ? random_matrix<T>(n, k, 2) : random_matrix<T>(k, n, 2);
  svf::matrix<T> c(m, n);
  auto const b = weights_by_row ? svf::transposed(w.view()) : w.view();
  report(what, m, k, n, double(sizeof(T)) * double(m * k + k * n + m * n),
         [&] { gemm(exec, T(1), a.view(), b, T(0), c.view()); });
}

template <class T>
void all(svf::cpu::par& exec, char const* plain, char const* transposed, char const* gram_name) {
  for (bool const by_row : {true, false}) {
    char const* const what = by_row ? transposed : plain;
    product<T>(exec, what, 1024, 576, 1536, by_row);
    product<T>(exec, what, 4096, 1536, 576, by_row);
    for (index_t const m : {1, 4, 8, 16, 32, 64}) {
      product<T>(exec, what, m, 576, 192, by_row);
      product<T>(exec, what, m, 576, 1536, by_row);
      product<T>(exec, what, m, 576, 49152, by_row);
    }
    product<T>(exec, what, 30, 64, 30, by_row);
    product<T>(exec, what, 30, 30, 64, by_row);
  }
  auto const a = random_matrix<T>(1536, 576, 1);
  svf::matrix<T> g(576, 576);
  report(gram_name, 576, 1536, 576, double(sizeof(T)) * double(a.size()),
         [&] { gram(exec, a.view(), g.view()); });
}

// X Wᵀ for 1024 tokens and an MLP matrix of 1536x576.
void headline(svf::cpu::par& exec) {
  auto const x = random_matrix<float>(1024, 576, 1);
  auto const w = random_matrix<float>(1536, 576, 2);
  svf::matrix<float> y(1024, 1536);
  double const seconds =
      report("headline", 1024, 576, 1536, 4.0 * double(x.size() + w.size() + y.size()), [&] {
        gemm(exec, 1.0f, x.view(), svf::transposed(w.view()), 0.0f, y.view());
      });
  double const error = bench::relative_error(y.data(), 8 * 1536, [&](index_t i) {
    double sum = 0.0;
    for (index_t k = 0; k < 576; ++k) {
      sum += double(x(i / 1536, k)) * double(w(i % 1536, k));
    }
    return sum;
  });
  std::printf("HEADLINE %.6g %.3g\n", seconds, error);
}

}  // namespace

int main(int argc, char** argv) {
  svf::cpu::par exec(argc > 1 ? std::atoi(argv[1]) : 0);
  all<float>(exec, "float A B", "float A W^T", "float gram");
  all<double>(exec, "double A B", "double A W^T", "double gram");
  headline(exec);
}

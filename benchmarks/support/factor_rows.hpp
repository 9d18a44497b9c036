// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/factorize_each.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include "best_seconds.hpp"

#ifdef SVFMATH_BENCHMARK_LAPACK
#include <svfmath/cpu/blas_library.hpp>
#include <svfmath/cpu/lapack.hpp>
#endif

/// Times of factoring sets of matrices, for programs whose peers factor the same matrices.
namespace bench {

/// Matrices that are factored together: one line for each contender in the table of run.sh.
struct factor_row {
  std::string name;
  std::vector<svf::matrix<float>> weights;
};

/// Writes the matrices of all rows, as ROW/NUMBER, to the folder that run.sh names for this, where
/// benchmarks/peers/factor_rows.py reads them. Does nothing where no folder is named.
inline void write_for_peers(std::string const& program, std::vector<factor_row> const& rows) {
  char const* const folder = std::getenv("SVFMATH_BENCHMARK_FILES");
  if (!folder) {
    return;
  }
  svf::safetensors_writer writer;
  std::string order;
  for (factor_row const& row : rows) {
    order += (order.empty() ? "" : " ") + row.name;
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      writer.add_matrix(row.name + "/" + std::to_string(i), row.weights[i]);
    }
  }
  writer.set_metadata("rows", order);
  writer.write(std::filesystem::path(folder) / (program + ".safetensors"));
}

struct factor_time {
  double seconds;
  double error;  ///< the worst reconstruction or orthogonality error of all matrices
};

template <class Exec>
factor_time measure(Exec& exec, factor_row const& row) {
  svf::cpu::seq here;  // the sink computes while `exec` works on
  double worst = 0.0;
  svf::factorize_each(exec, row.weights, [&](std::size_t i, svf::svd_factors<float>&& factors) {
    auto const accuracy = svf::measure_accuracy(here, row.weights[i], factors);
    worst = std::max({worst, accuracy.reconstruction, accuracy.orthogonality});
  });
  double const seconds = best_seconds([&] {
    svf::factorize_each(exec, row.weights, [](std::size_t, svf::svd_factors<float>&&) {});
  });
  return {seconds, worst};
}

inline void print(factor_row const& row, char const* contender, factor_time const& time) {
  std::printf("ROW %s %s %.6g %.3g\n", row.name.c_str(), contender, time.seconds, time.error);
  std::fflush(stdout);
}

/// Prints a line for each row and policy, and the headline, which is that of the first row.
inline void print_rows(std::vector<factor_row> const& rows) {
  svf::cpu::par exec;
  factor_time headline{};
#ifdef SVFMATH_BENCHMARK_LAPACK
  auto const library = svf::cpu::inspect_blas();
  std::printf("LAPACK: %s %s\n", library.name.c_str(), library.kernels.c_str());
  if (!library.warning.empty()) {
    std::fprintf(stderr, "warning: %s\n", library.warning.c_str());
  }
#endif
  for (factor_row const& row : rows) {
    auto const time = measure(exec, row);
    print(row, "svfmath", time);
    if (&row == &rows.front()) {
      headline = time;
    }
#ifdef SVFMATH_BENCHMARK_LAPACK
    svf::cpu::with_lapack<svf::cpu::par> with;
    print(row, "svfmath+lapack", measure(with, row));
#endif
  }
  std::printf("HEADLINE %.6g %.3g\n", headline.seconds, headline.error);
}

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/cpu.hpp>

#include "support/factor_rows.hpp"
#include "support/smollm2_maps.hpp"
#include "support/trained_spectrum.hpp"

/// All linear maps of SmolLM2-135M on all cores, and two larger matrices by themselves.
int main() {
  svf::cpu::par exec;
  auto model = bench::smollm2_maps(exec);
  std::printf("model: %zu matrices of %s\n", model.weights.size(), model.source);
  std::vector<bench::factor_row> rows;
  rows.push_back({"model", std::move(model.weights)});
  for (auto const& [m, n] : {std::pair<svf::index_t, svf::index_t>{4096, 4096}, {8192, 1024}}) {
    bench::factor_row row{std::to_string(m) + "x" + std::to_string(n), {}};
    row.weights.push_back(bench::trained_matrix(exec, m, n, std::uint64_t(1000 + n)));
    rows.push_back(std::move(row));
  }
  bench::write_for_peers("factorize_cpu", rows);
  bench::print_rows(rows);
}

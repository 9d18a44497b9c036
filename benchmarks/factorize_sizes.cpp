// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/factor_rows.hpp"
#include "support/trained_spectrum.hpp"

// One square matrix of each order on all cores, the largest first: it makes the headline.
int main() {
  svf::cpu::par exec;
  std::vector<bench::factor_row> rows;
  for (svf::index_t const n : {4096, 3072, 2048, 1536, 1024, 768, 512, 384, 256, 128, 64}) {
    bench::factor_row row{std::to_string(n), {}};
    row.weights.push_back(bench::trained_matrix(exec, n, n, std::uint64_t(n)));
    rows.push_back(std::move(row));
  }
  bench::write_for_peers("factorize_sizes", rows);
  bench::print_rows(rows);
}

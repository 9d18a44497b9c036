// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <transformer/checkpoint.hpp>
#include <transformer/weights.hpp>

#include "support/factor_rows.hpp"
#include "support/trained_spectrum.hpp"

/// All linear maps of SmolLM2-135M on all cores, and two larger matrices by themselves.
namespace {

constexpr llama::index_t layers = 30;

std::vector<svf::matrix<float>> random_maps(svf::cpu::par& exec) {
  llama::config shape;
  shape.width = 576;
  shape.hidden = 1536;
  shape.heads = 9;
  shape.kv_heads = 3;
  shape.head_dim = 64;
  std::vector<svf::matrix<float>> maps;
  for (llama::index_t layer = 0; layer < layers; ++layer) {
    for (auto const p : llama::all_projections) {
      auto const size = llama::projection_extent(shape, p);
      maps.push_back(bench::trained_matrix(exec, size.rows, size.cols, maps.size() + 1));
    }
  }
  return maps;
}

std::vector<svf::matrix<float>> maps_of(char const* path) {
  auto model = llama::load_checkpoint(path);
  std::vector<svf::matrix<float>> maps;
  for (llama::index_t layer = 0; layer < model.cfg.layers; ++layer) {
    auto const names = model.names(layer);
    for (auto const* name : {&names.q, &names.k, &names.v, &names.o, &names.gate, &names.up,
                             &names.down}) {
      maps.push_back(std::move(model.tensors.at(*name).values));
    }
  }
  return maps;
}

}  // namespace

// The weights are those of the model that the environment's SVFMATH_SMOLLM2 names, or random ones in
// its shapes.
int main() {
  svf::cpu::par exec;
  char const* const model = std::getenv("SVFMATH_SMOLLM2");
  std::vector<bench::factor_row> rows;
  rows.push_back({"model", model ? maps_of(model) : random_maps(exec)});
  for (auto const& [m, n] : {std::pair<svf::index_t, svf::index_t>{4096, 4096}, {8192, 1024}}) {
    bench::factor_row row{std::to_string(m) + "x" + std::to_string(n), {}};
    row.weights.push_back(bench::trained_matrix(exec, m, n, std::uint64_t(1000 + n)));
    rows.push_back(std::move(row));
  }
  std::printf("model: %zu matrices of %s\n", rows.front().weights.size(),
              model ? "a file" : "random elements");
  bench::write_for_peers("factorize_cpu", rows);
  bench::print_rows(rows);
}

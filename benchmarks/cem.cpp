// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <svfmath/adapt/cem.hpp>

namespace {

constexpr svf::index_t dim = 32;
constexpr std::int64_t generations = 100;

svf::cem<double> new_search(std::uint64_t seed) {
  svf::cem_options<double> options;
  options.dim = dim;
  options.lower = {-1.0};
  options.upper = {1.0};
  options.max_iters = generations;
  options.seed = seed;
  return svf::cem<double>(options);
}

// One generation: −Σ (x − 0.3)², an objective that costs nothing beside the search.
void advance(svf::cem<double>& search, std::vector<double>& values) {
  auto const points = search.ask();
  values.assign(std::size_t(points.cols), 0.0);
  for (svf::index_t j = 0; j < points.cols; ++j) {
    for (svf::index_t i = 0; i < dim; ++i) {
      double const distance = points(i, j) - 0.3;
      values[std::size_t(j)] -= distance * distance;
    }
  }
  search.tell(values);
}

// Time of one generation of the default population, over searches of 100 generations each. `error`
// is how far the first search ends from the maximum, which is 0.
void headline(benchmark::State& state) {
  std::uint64_t seed = 0;
  auto search = new_search(seed);
  std::vector<double> values;
  for (auto _ : state) {
    if (search.stop()) {
      search = new_search(++seed);
    }
    advance(search, values);
  }
  state.counters["population"] = double(values.size());
  auto first = new_search(0);
  while (!first.stop()) {
    advance(first, values);
  }
  state.counters["error"] = -first.result().best_f;
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(5);

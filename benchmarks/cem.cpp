// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include <svfmath/adapt/cem.hpp>

namespace {

// Time of one generation of the default population on a sphere in 32 coordinates, which is the
// search's own cost: an objective that costs nothing beside it.
void headline(benchmark::State& state) {
  constexpr svf::index_t dim = 32;
  svf::cem_options<double> options;
  options.dim = dim;
  options.lower = {-1.0};
  options.upper = {1.0};
  svf::cem<double> search(options);
  std::vector<double> values;
  for (auto _ : state) {
    auto const points = search.ask();
    values.assign(std::size_t(points.cols), 0.0);
    for (svf::index_t j = 0; j < points.cols; ++j) {
      for (svf::index_t i = 0; i < dim; ++i) {
        values[std::size_t(j)] -= points(i, j) * points(i, j);
      }
    }
    search.tell(values);
  }
  state.counters["population"] = double(values.size());
}

}  // namespace

BENCHMARK(headline)->UseRealTime()->Unit(benchmark::kMicrosecond)->Repetitions(3);

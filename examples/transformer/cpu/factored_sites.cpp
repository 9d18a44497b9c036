// SPDX-License-Identifier: Apache-2.0
#include "../factored_sites.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>

namespace llama {

factored_sites factor_sites(cpu_policy& exec, checkpoint const& source, model_sites const& sites,
                            svf::factor_cache const* cache, factor_progress const& progress) {
  auto const list = sites.layout->sites();
  std::size_t const total = list.size();
  factored_sites result;
  result.factors.resize(total);
  result.accuracy.resize(total);
  // The largest first, so that no thread is left with a large one at the end.
  std::vector<std::size_t> order(total);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return list[a].rows * list[a].cols > list[b].rows * list[b].cols;
  });
  std::mutex mutex;
  std::size_t done = 0;
  for_each_index(exec, index_t(total), [&](index_t i) {
    std::size_t const s = order[std::size_t(i)];
    svf::site const& site = list[s];
    bool found = false;
    if (cache != nullptr) {
      if (auto stored = cache->find(site.base, svf::svd_method::gram)) {
        result.factors[s] = std::move(stored->factors);
        result.accuracy[s] = stored->accuracy;
        found = true;
      }
    }
    if (!found) {
      svf::cpu::seq local;
      auto const& w = source.matrix(site.name);
      result.factors[s] = svf::factorize(local, w);
      result.accuracy[s] = svf::measure_accuracy(local, w, result.factors[s]);
      if (cache != nullptr) {
        cache->store(site.base, svf::svd_method::gram, result.factors[s], result.accuracy[s]);
      }
    }
    std::scoped_lock const lock(mutex);
    result.from_cache += found ? 1u : 0u;
    ++done;
    if (progress) {
      progress(done, total);
    }
  });
  return result;
}

}  // namespace llama

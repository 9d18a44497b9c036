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
  result.unrounded.resize(total);
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
    svf::cpu::seq local;
    auto const& w = source.matrix(site.name);
    auto outcome = svf::cache_outcome::not_kept;
    if (cache == nullptr) {
      result.factors[s] = svf::factorize(local, w);
      result.accuracy[s] = svf::measure_accuracy(local, w, result.factors[s]);
      result.unrounded[s] = result.accuracy[s];
    } else {
      auto answer = cache->find_or_compute(site.base, svf::svd_method::gram, [&] {
        return svf::factors_to_keep(local, w, svf::factorize(local, w), cache->precision());
      });
      result.factors[s] = std::move(answer.entry.factors);
      result.accuracy[s] = answer.entry.accuracy;
      result.unrounded[s] = answer.entry.unrounded;
      outcome = answer.outcome;
    }
    std::scoped_lock const lock(mutex);
    result.from_cache += outcome == svf::cache_outcome::found ? 1u : 0u;
    result.kept += outcome == svf::cache_outcome::not_kept ? 0u : 1u;
    ++done;
    if (progress) {
      progress(done, total);
    }
  });
  return result;
}

}  // namespace llama

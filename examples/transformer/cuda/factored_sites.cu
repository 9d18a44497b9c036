// SPDX-License-Identifier: Apache-2.0
#include "factored_sites.hpp"

#include <utility>

#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>
#include <svfmath/factor/factorize_each.hpp>

namespace llama {

basic_factored_sites<svf::device_space> factor_sites(svf::cuda::stream_policy& exec,
                                                     checkpoint const& source,
                                                     model_sites const& sites,
                                                     svf::factor_cache const* cache,
                                                     factor_progress const& progress) {
  auto const list = sites.layout->sites();
  basic_factored_sites<svf::device_space> result;
  result.factors.resize(list.size());
  result.accuracy.resize(list.size());
  result.unrounded.resize(list.size());
  std::size_t done = 0;
  auto const advance = [&] {
    ++done;
    if (progress) {
      progress(done, list.size());
    }
  };
  std::vector<std::size_t> missing;
  std::vector<svf::matrix<float, svf::device_space>> missing_weights;
  for (std::size_t s = 0; s < list.size(); ++s) {
    if (cache != nullptr) {
      if (auto const stored = cache->find(list[s].base, svf::svd_method::gram)) {
        result.factors[s] = svf::factors_on(exec, stored->factors);
        result.accuracy[s] = stored->accuracy;
        result.unrounded[s] = stored->unrounded;
        ++result.from_cache;
        ++result.kept;
        advance();
        continue;
      }
    }
    missing.push_back(s);
    missing_weights.push_back(svf::matrix_on(exec, source.matrix(list[s].name)));
  }
  svf::factorize_each(exec, missing_weights, [&](std::size_t i, auto&& factors) {
    std::size_t const s = missing[i];
    auto const precision = cache == nullptr ? svf::storage_precision::fp32 : cache->precision();
    auto made = svf::factors_to_keep(exec, missing_weights[i], std::move(factors), precision);
    result.accuracy[s] = made.accuracy;
    result.unrounded[s] = made.unrounded;
    if (cache != nullptr) {
      result.kept += cache->try_store(list[s].base, svf::svd_method::gram,
                                      {svf::host_factors(exec, made.factors), made.accuracy,
                                       made.unrounded,
                                       svf::content_digest_of(source.matrix(list[s].name))})
                         ? 1u
                         : 0u;
    }
    result.factors[s] = std::move(made.factors);
    advance();
  });
  return result;
}

std::uint64_t memory_left(svf::cuda::stream_policy const& exec) {
  return exec.memory()->available();
}

}  // namespace llama

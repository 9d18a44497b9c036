// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <svfmath/adapt/cem.hpp>
#include <svfmath/adapt/mixture_map.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/expert/bank.hpp>

namespace svf {

/// How strategy C searches.
struct mixture_options {
  mixture_form form = mixture_form::mixture;
  mixture_weights weights = mixture_weights::normalised;
  mixture_sharing sharing = mixture_sharing::per_expert;
  std::vector<double> start = {};  ///< a known good point to try first, `mixture_map::dim` weights
  /// dim, sense, inject and corners are filled in. Bounds default to [0, 1], the mean to 1/K.
  /// `min_gain` is the accuracy a mixture must gain over the best single choice to be taken.
  cem_options<double> search = {};
};

/// What strategy C found.
struct mixture_result {
  std::vector<float> z = {};       ///< (D) the chosen vector
  matrix<double> weights = {};     ///< (K×L) as used: normalised where asked for; L = 1 if shared
  fitness value = {};              ///< of z on the examples
  fitness base = {};               ///< of the base model
  std::vector<fitness> experts = {};  ///< of each expert alone
  bool improved_over_best_single = false;  ///< over base and experts, by min_gain
  cem_result<double> search = {};
};

/// Strategy C's search as options of `svf::cem`, for a caller who runs it: to observe it, to save
/// and resume it (cem_checkpoint.hpp) or to value a generation at once. Its points are those of
/// `mixture_map(experts, options.form, options.weights, options.sharing)`; `mixture_found` reads
/// what it found. Throws `error{shape}` for K = 0.
inline cem_options<double> mixture_search(bank const& experts, mixture_options const& options) {
  mixture_map const map(experts, options.form, options.weights, options.sharing);
  cem_options<double> search = options.search;
  search.dim = map.dim();
  search.sense = sense::max;
  search.lower = search.lower.empty() ? std::vector{0.0} : search.lower;
  search.upper = search.upper.empty() ? std::vector{1.0} : search.upper;
  search.init_mean = search.init_mean.empty() ? map.uniform() : search.init_mean;
  search.inject = {map.uniform()};
  if (!options.start.empty()) {
    search.inject.push_back(options.start);
  }
  search.corners.clear();
  for (index_t k = 0; k < experts.size(); ++k) {
    search.corners.push_back(map.one_hot(k));
  }
  search.corners.push_back(map.zero());
  return search;
}

/// What a search of `mixture_search(experts, options)` has found so far. Throws `error{shape}` for
/// a search of other experts, `error{numeric}` if it measured nothing. O(KD).
inline mixture_result mixture_found(bank const& experts, mixture_options const& options,
                                    cem<double> const& finder) {
  mixture_map const map(experts, options.form, options.weights, options.sharing);
  auto const& corners = finder.options().corners;
  expects(finder.options().dim == map.dim() && index_t(corners.size()) == experts.size() + 1,
          error_kind::shape, "mixture_found: expected a search of ", map.dim(), " weights and ",
          experts.size() + 1, " corners, got ", finder.options().dim, " and ", corners.size());
  mixture_result found;
  found.search = finder.result();
  expects(!found.search.best_x.empty(), error_kind::numeric,
          "search_mixture: expected a finite value for at least one mixture");
  std::vector<double> chosen = found.search.best_x;
  found.value = {found.search.best_f, found.search.best_secondary};
  found.improved_over_best_single = found.search.improved_over_best_single;
  if (auto const& singles = found.search.baselines; !singles.empty()) {
    found.base = singles.back();
    found.experts.assign(singles.begin(), singles.end() - 1);
    if (!found.improved_over_best_single) {
      std::size_t best = singles.size() - 1;
      for (std::size_t k = 0; k < singles.size(); ++k) {
        best = better(singles[k], singles[best], sense::max) ? k : best;
      }
      chosen = corners[best];
      found.value = singles[best];
    }
  }
  found.weights = map.weights(chosen);
  found.z = map.z(chosen);
  return found;
}

/// Strategy C (paper, section 3.2): looks for the weights α whose mixture of the bank's experts is
/// worth most by `value(std::span<float const> z)`, which gives a `fitness` or a number; or by
/// `value(z, std::uint64_t generation_seed)`, which draws the same questions and answers for all z
/// of a generation. The first generation holds the uniform mixture, `start`, every expert alone and
/// the base model, so the result is never worth less than any of them. If no mixture gains
/// `search.min_gain` over the best single choice, that choice is the result. Under elitist::off or
/// reevaluate the values compared are those last measured.
///
/// Throws `error{shape}` for K = 0 or lists of the wrong size, `error{numeric}` if `value` measured
/// nothing, and what `cem` throws. Cost: one call of `value` per evaluation, plus O(KD).
template <class Value>
  requires std::invocable<Value&, std::span<float const>> ||
           std::invocable<Value&, std::span<float const>, std::uint64_t>
mixture_result search_mixture(bank const& experts, mixture_options const& options, Value&& value) {
  mixture_map const map(experts, options.form, options.weights, options.sharing);
  cem<double> finder(mixture_search(experts, options));
  finder.optimize([&](std::span<double const> x) {
    std::vector<float> const z = map.z(x);
    if constexpr (std::invocable<Value&, std::span<float const>, std::uint64_t>) {
      return as_fitness(value(std::span<float const>(z), finder.generation_seed()));
    } else {
      return as_fitness(value(std::span<float const>(z)));
    }
  });
  return mixture_found(experts, options, finder);
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/apply/mixed.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/transfer.hpp>

#include "support/device.cuh"
#include "support/report.hpp"

namespace {

using svf::device_space;
using svf::index_t;

constexpr index_t size = 4096;
constexpr index_t sequences = 64;
/// All of a model's weights go by between two uses of one: with a few layers, parts of them would
/// stay in the second-level cache (50 MB) and be read from there. So both sides take these in turn,
/// 0.8 GB of dense weights in bfloat16.
constexpr int layers = 24;
/// How many experts there are. The sequences draw from them, all different ones from 64 on.
constexpr std::array<index_t, 5> banks{1, 8, 64, 512, 4096};
constexpr std::size_t cases = banks.size() + 1;  // and mixtures of 4 of the largest bank
constexpr index_t mixed_experts = 4;

struct timing {
  double ours = 0.0;
  double dense = 0.0;
  double error = 0.0;  ///< ‖y − reference‖_F / ‖reference‖_F
  double ratio() const { return ours / dense; }
};

svf::matrix<float, device_space> multipliers(svf::cuda::stream_policy& exec, index_t experts) {
  auto result = svf::make_matrix<float>(exec, experts, size);
  transform(exec, svf::vector_view<float, device_space>(result.data(), result.size()),
            bench::normal_element{svf::random_stream(4), 1.0, 0.1});
  return result;
}

template <class T>
auto random_matrix(svf::cuda::stream_policy& exec, index_t rows, index_t cols, std::uint64_t seed) {
  auto const exact = bench::normal_matrix(exec, rows, cols, seed);
  auto result = svf::make_matrix<T>(exec, rows, cols);
  copy(exec, exact.view(), result.view());
  return result;
}

svf::row_selection<device_space> selection_of(svf::cuda::stream_policy& exec, index_t tokens,
                                              index_t choices) {
  std::vector<index_t> rows;
  for (index_t s = 0; s < sequences; ++s) {
    index_t const choice = choices <= sequences ? s % choices : s * (choices / sequences);
    rows.insert(rows.end(), std::size_t(tokens), choice);
  }
  return {exec, choices, rows};
}

/// One mixture for each sequence, of experts that no other has.
svf::expert_mixtures<device_space> mixtures_of(svf::cuda::stream_policy& exec, index_t experts) {
  std::vector<index_t> offsets{0};
  std::vector<index_t> members;
  std::vector<double> weights;
  for (index_t s = 0; s < sequences; ++s) {
    for (index_t k = 0; k < mixed_experts; ++k) {
      members.push_back((s + k * sequences) * (experts / sequences / mixed_experts));
      weights.push_back(0.1 * double(mixed_experts - k));
    }
    offsets.push_back(index_t(members.size()));
  }
  return {exec, experts, offsets, members, weights};
}

/// A layer's spectra, and which of them each row takes.
template <class T>
svf::expert_spectra<T, device_space> spectra_of(svf::cuda::stream_policy& exec,
                                                svf::svd_factors<T, device_space> const& factors,
                                                std::size_t number) {
  bool const mixed = number == banks.size();
  index_t const experts = banks[mixed ? number - 1 : number];
  svf::expert_spectra<T, device_space> spectra(exec, factors, multipliers(exec, experts));
  return mixed ? spectra.mixed(exec, mixtures_of(exec, experts)) : std::move(spectra);
}

template <class T>
double error_of(svf::cuda::stream_policy& exec, bench::device_factors const& exact,
                std::size_t number, svf::row_selection<device_space> const& selection,
                svf::matrix<T> const& y) {
  auto const wide = svf::factors_as<double>(exec, exact);
  auto reference = svf::make_matrix<double>(exec, selection.size(), size);
  svf::apply_mixed(exec, wide, spectra_of(exec, wide, number), selection,
                   random_matrix<double>(exec, selection.size(), size, 5), reference);
  auto const expected = svf::host_matrix(exec, reference);
  double difference = 0.0;
  double norm = 0.0;
  for (index_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double(y.data()[i]) - expected.data()[i], 2);
    norm += std::pow(expected.data()[i], 2);
  }
  return std::sqrt(difference / norm);
}

// Batches of 64 sequences of `tokens` rows in T: the bare product of the layer, whose W all rows
// share, and ours. The reference is ours in double from factors and inputs never rounded to T.
template <class T, index_t tokens>
std::array<timing, cases> measure(svf::cuda::stream_policy& exec) {
  using wide = svf::detail::wide_t<T>;
  auto const exact = bench::random_factors(exec, size, size);
  auto const x = random_matrix<T>(exec, sequences * tokens, size, 5);
  auto y = svf::make_matrix<T>(exec, sequences * tokens, size);
  std::vector<svf::matrix<T, device_space>> weights;
  std::vector<svf::svd_factors<T, device_space>> factors;
  std::array<std::vector<svf::expert_spectra<T, device_space>>, cases> spectra;
  std::vector<svf::row_selection<device_space>> selections;
  for (int layer = 0; layer < layers; ++layer) {
    weights.push_back(random_matrix<T>(exec, size, size, 6));
    factors.push_back(svf::factors_as<T>(exec, exact));
    for (std::size_t c = 0; c < cases; ++c) {
      spectra[c].push_back(spectra_of(exec, factors.back(), c));
    }
  }
  for (std::size_t c = 0; c < cases; ++c) {
    selections.push_back(selection_of(exec, tokens, spectra[c].front().size()));
  }
  auto const dense = [&] {
    for (auto const& w : weights) {
      gemm(exec, wide(1), x.view(), svf::transposed(w.view()), wide(0), y.view());
    }
  };
  auto const ours = [&](std::size_t c) {
    return [&, c] {
      for (std::size_t layer = 0; layer < factors.size(); ++layer) {
        svf::apply_mixed(exec, factors[layer], spectra[c][layer], selections[c], x, y);
      }
    };
  };
  // The products in float take a tenth of a second a round, and vary less. One token takes the host
  // nearly as long as the device, so that the rounds must outlast the moments when it is held up.
  constexpr int rounds = std::is_same_v<T, float> ? 4 : tokens == 1 ? 400 : 24;
  constexpr int calls = std::is_same_v<T, float> ? 1 : 4;
  auto const seconds = bench::best_seconds<rounds, calls>(exec, dense, ours(0), ours(1), ours(2),
                                                          ours(3), ours(4), ours(5));
  std::array<timing, cases> result;
  for (std::size_t c = 0; c < cases; ++c) {
    result[c].dense = seconds[0] / layers;
    result[c].ours = seconds[c + 1] / layers;
    ours(c)();
    result[c].error = error_of(exec, exact, c, selections[c], svf::host_matrix(exec, y));
  }
  return result;
}

// Adds the rows of one type, and returns the timing with the worst ratio to the dense layer.
template <class T>
timing add_rows(bench::report& report, svf::cuda::stream_policy& exec, char const* type) {
  timing worst;
  auto const add = [&](index_t tokens, std::array<timing, cases> const& all) {
    for (std::size_t c = 0; c < cases; ++c) {
      auto const experts =
          c < banks.size() ? std::to_string(banks[c])
                           : std::to_string(mixed_experts) + " of " + std::to_string(banks.back());
      report.row({type, sequences, tokens, experts, 1e6 * all[c].dense, 1e6 * all[c].ours,
                  all[c].ratio(), all[c].ours / all[0].ours, all[c].error});
      if (worst.ours == 0.0 || all[c].ratio() > worst.ratio()) {
        worst = all[c];
      }
    }
  };
  add(1, measure<T, 1>(exec));
  add(128, measure<T, 128>(exec));
  return worst;
}

/// What a new set of mixtures costs one layer, waiting for its checks included.
void add_mixing(bench::report& report, svf::cuda::stream_policy& exec) {
  auto const exact = bench::random_factors(exec, size, size);
  svf::expert_spectra const spectra(exec, exact, multipliers(exec, banks.back()));
  auto const mixtures = mixtures_of(exec, banks.back());
  auto const seconds = bench::best_seconds(exec, [&] { spectra.mixed(exec, mixtures); });
  report.row({"mixing", sequences, index_t{0}, "4 of 4096", 0.0, 1e6 * seconds[0], 0.0, 0.0, 0.0});
}

}  // namespace

// usage: bench_mixed_batch_cuda [--json FILE]
//
// One linear layer of 4096 x 4096 for a batch of many experts; the last row is what new mixtures
// cost a layer. HEADLINE and PEER are ours and the dense layer where their ratio is the worst in
// bfloat16.
int main(int argc, char** argv) {
  svf::cuda::stream_policy exec;
  bench::report report(exec, {argc, argv}, "mixed batch through a 4096 x 4096 layer",
                       {{"type", 8},
                        {"sequences", 9},
                        {"tokens", 6},
                        {"experts", 9},
                        {"dense_us", 10, "%.1f"},
                        {"ours_us", 10, "%.1f"},
                        {"to_dense", 8, "%.3f"},
                        {"to_one_expert", 13, "%.3f"},
                        {"error", 10, "%.2e"}});
  auto const worst = add_rows<svf::bfloat16>(report, exec, "bfloat16");
  add_rows<float>(report, exec, "float");
  add_mixing(report, exec);
  report.headline(worst.ours, worst.error, worst.dense);
  return report.finish();
}

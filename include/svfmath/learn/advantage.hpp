// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <variant>

#include <svfmath/core/error.hpp>
#include <svfmath/learn/action_table.hpp>

namespace svf {

/// Turns rewards R (one row per question, one value per sampled answer) into advantages A of the
/// same rows. A value type: state, where there is any, is copied and saved with it.
template <class A>
concept advantage_estimator = std::copyable<A> && requires(A& a, action_table<float> const& r) {
  { a(r) } -> std::same_as<action_table<double>>;
};

namespace detail {

inline double mean_of(std::span<float const> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / double(std::max<std::size_t>(x.size(), 1));
}

/// Σ (x − mean)².
inline double squared_deviation(std::span<float const> x, double mean) {
  return std::accumulate(x.begin(), x.end(), 0.0, [mean](double sum, float value) {
    double const d = double(value) - mean;
    return sum + d * d;
  });
}

/// A(i) = (R(i) − centre) · scale, row by row; `of_row` gives {centre, scale} of a row.
template <class OfRow>
action_table<double> standardise(action_table<float> const& rewards, OfRow const& of_row) {
  auto result = table_like<double>(rewards);
  for (std::size_t q = 0; q < rewards.questions(); ++q) {
    auto const row = rewards.row(q);
    auto const shift = of_row(row);
    std::transform(row.begin(), row.end(), result.row(q).begin(),
                   [&](float r) { return (double(r) - shift.centre) * shift.scale; });
  }
  return result;
}

inline void check_positive(double value, char const* name) {
  expects(std::isfinite(value) && value > 0.0, error_kind::numeric, "advantage: expected ", name,
          " > 0, got ", value);
}

struct centre_and_scale {
  double centre;
  double scale;
};

/// Standard deviation with n − 1 in the denominator. Throws `error{shape}` for fewer than two.
inline double unbiased_deviation(std::span<float const> x, double mean, char const* where) {
  expects(x.size() >= 2, error_kind::shape, where, ": expected at least 2 rewards, got ", x.size());
  return std::sqrt(squared_deviation(x, mean) / double(x.size() - 1));
}

}  // namespace detail

namespace advantage {

/// A = R. The paper's Eq. (1).
struct none {
  bool operator==(none const&) const = default;
  action_table<double> operator()(action_table<float> const& rewards) const {
    return detail::standardise(rewards, [](auto) { return detail::centre_and_scale{0.0, 1.0}; });
  }
};

/// A = R − mean over the batch. Biased by the factor 1 − 1/n, since R is in its own baseline.
struct batch_mean {
  bool operator==(batch_mean const&) const = default;
  action_table<double> operator()(action_table<float> const& rewards) const {
    double const mean = detail::mean_of(rewards.values);
    return detail::standardise(rewards, [&](auto) { return detail::centre_and_scale{mean, 1.0}; });
  }
};

/// A = R − mean of the question's samples (Dr. GRPO, arXiv 2503.20783).
struct group_mean {
  bool operator==(group_mean const&) const = default;
  action_table<double> operator()(action_table<float> const& rewards) const {
    return detail::standardise(rewards, [](std::span<float const> row) {
      return detail::centre_and_scale{detail::mean_of(row), 1.0};
    });
  }
};

/// A_i = R_i − mean_{j≠i} R_j = G/(G−1)·(R_i − mean) over the G ≥ 2 samples of a question: an
/// unbiased baseline (RLOO, arXiv 2402.14740). Throws `error{shape}` for a single sample.
struct leave_one_out {
  bool operator==(leave_one_out const&) const = default;
  action_table<double> operator()(action_table<float> const& rewards) const {
    return detail::standardise(rewards, [](std::span<float const> row) {
      expects(row.size() >= 2, error_kind::shape,
              "advantage::leave_one_out: expected at least 2 samples of a question, got ",
              row.size());
      double const size = double(row.size());
      return detail::centre_and_scale{detail::mean_of(row), size / (size - 1.0)};
    });
  }
};

/// A = (R − mean_g)/(std_g + ε) with the unbiased deviation of the question's G ≥ 2 samples and
/// ε = 1e-4 (GRPO, arXiv 2402.03300, as TRL computes it).
struct group_normalised {
  double epsilon = 1e-4;
  bool operator==(group_normalised const&) const = default;

  action_table<double> operator()(action_table<float> const& rewards) const {
    return detail::standardise(rewards, [&](std::span<float const> row) {
      double const mean = detail::mean_of(row);
      double const deviation = detail::unbiased_deviation(row, mean, "advantage::group_normalised");
      return detail::centre_and_scale{mean, 1.0 / (deviation + epsilon)};
    });
  }
};

/// A = (R − mean_g)/(std + ε): the question's mean, the unbiased deviation of the batch's raw
/// rewards (TRL's `scale_rewards = batch`).
struct batch_scaled {
  double epsilon = 1e-4;
  bool operator==(batch_scaled const&) const = default;

  action_table<double> operator()(action_table<float> const& rewards) const {
    std::span<float const> const all = rewards.values;
    double const deviation =
        detail::unbiased_deviation(all, detail::mean_of(all), "advantage::batch_scaled");
    return detail::standardise(rewards, [&](std::span<float const> row) {
      return detail::centre_and_scale{detail::mean_of(row), 1.0 / (deviation + epsilon)};
    });
  }
};

/// A = (R − mean)/max(std, floor) with the population deviation over the whole batch: the
/// released code's optional normalisation (floor 1e-7); REINFORCE++ with floor 1e-4 over tokens.
struct batch_normalised {
  double floor = 1e-7;
  bool operator==(batch_normalised const&) const = default;

  action_table<double> operator()(action_table<float> const& rewards) const {
    std::span<float const> const all = rewards.values;
    double const mean = detail::mean_of(all);
    double const variance =
        detail::squared_deviation(all, mean) / double(std::max<std::size_t>(all.size(), 1));
    double const scale = 1.0 / std::max(std::sqrt(variance), floor);
    return detail::standardise(rewards,
                               [&](auto) { return detail::centre_and_scale{mean, scale}; });
  }
};

/// A = R − b, where b is the exponential moving average of the mean rewards of earlier batches,
/// corrected for its start at 0 (b = 0 for the first batch). b does not see the current batch, so
/// the estimate stays unbiased. The state is `sum` and `batches`.
struct ema {
  double decay = 0.9;
  double sum = 0.0;
  std::uint64_t batches = 0;
  bool operator==(ema const&) const = default;

  double baseline() const {
    return batches == 0 ? 0.0 : sum / (1.0 - std::pow(decay, double(batches)));
  }

  action_table<double> operator()(action_table<float> const& rewards) {
    double const centre = baseline();
    sum = decay * sum + (1.0 - decay) * detail::mean_of(rewards.values);
    ++batches;
    return detail::standardise(rewards,
                               [&](auto) { return detail::centre_and_scale{centre, 1.0}; });
  }
};

/// `Second` applied to the advantages of `First`: `chain<group_mean, batch_normalised>` is the
/// baseline of REINFORCE++-baseline.
template <advantage_estimator First, advantage_estimator Second>
struct chain {
  First first{};
  Second second{};

  action_table<double> operator()(action_table<float> const& rewards) {
    auto const between = first(rewards);
    return second(action_table<float>{{between.values.begin(), between.values.end()},
                                      between.offsets});
  }
};

/// Any of the estimators, chosen at run time.
using any = std::variant<none, batch_mean, group_mean, leave_one_out, group_normalised,
                         batch_scaled, batch_normalised, ema>;

/// Throws `error{numeric}` for settings that divide by zero or are not finite: expected ε > 0,
/// floor > 0, 0 ≤ decay < 1. An estimator without settings has nothing to check.
template <class A>
void check(A const&) {}
inline void check(group_normalised const& a) { detail::check_positive(a.epsilon, "epsilon"); }
inline void check(batch_scaled const& a) { detail::check_positive(a.epsilon, "epsilon"); }
inline void check(batch_normalised const& a) { detail::check_positive(a.floor, "floor"); }
inline void check(ema const& a) {
  expects(a.decay >= 0.0 && a.decay < 1.0 && std::isfinite(a.sum), error_kind::numeric,
          "advantage: expected decay in [0, 1) and a finite sum, got ", a.decay, " and ", a.sum);
}
template <class First, class Second>
void check(chain<First, Second> const& a) {
  check(a.first);
  check(a.second);
}
inline void check(any const& chosen) {
  std::visit([](auto const& estimator) { check(estimator); }, chosen);
}

}  // namespace advantage

/// The advantages of `rewards` by the estimator that `chosen` holds, whose state moves on.
inline action_table<double> advantages(advantage::any& chosen, action_table<float> const& rewards) {
  return std::visit([&](auto& estimator) { return estimator(rewards); }, chosen);
}

template <advantage_estimator A>
action_table<double> advantages(A& estimator, action_table<float> const& rewards) {
  return estimator(rewards);
}

}  // namespace svf

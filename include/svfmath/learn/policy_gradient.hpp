// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include <svfmath/learn/action_table.hpp>
#include <svfmath/learn/advantage.hpp>
#include <svfmath/learn/aggregation.hpp>
#include <svfmath/learn/importance.hpp>
#include <svfmath/learn/kl.hpp>
#include <svfmath/learn/reward.hpp>
#include <svfmath/learn/rollout.hpp>
#include <svfmath/learn/softmax.hpp>

namespace svf {

/// The parts of the objective that are not the advantage.
struct policy_gradient_options {
  sampling mode = sampling::categorical;  ///< how the actions were chosen
  kl_penalty kl{};
  reward_clip clip{};
  ratio_clip trust{};  ///< read when behaviour log-probabilities are given

  friend bool operator==(policy_gradient_options const&, policy_gradient_options const&) = default;
};

/// One batch, by reference: what the policy says, what was done and what it earned.
template <class T>
struct policy_gradient_batch {
  action_table<T> const& scores;             ///< s, unnormalised; π = softmax of a row
  action_table<T> const& reference;          ///< the same under the base model; no rows: no KL
  action_table<std::size_t> const& actions;  ///< from draw_actions, or a recorded rollout
  action_table<float> const& rewards;        ///< R, the rows of `actions`
  action_table<float> const* behaviour = nullptr;  ///< log π_behaviour(a), the rows of `actions`
  std::span<double const> row_weights{};           ///< from `aggregation`; none: mean over rows
};

/// What one batch gives. KL, surrogate and loss are aggregated with the row weights; entropy and
/// reward are means over the rows.
template <class T>
struct policy_gradient_result {
  double loss = 0.0;       ///< surrogate + λ·KL (k1: surrogate alone, the cost is in the reward)
  double surrogate = 0.0;  ///< −A·log π(a); −Σ π A for exact_expectation
  double kl = 0.0;         ///< nats, unweighted by λ; 0 without a reference
  double entropy = 0.0;    ///< nats
  double reward = 0.0;     ///< raw, before clipping and KL cost
  action_table<T> dscores;  ///< dL/ds, the rows of `scores`
};

namespace detail {

template <class A>
bool has_no_baseline(A const&) {
  return std::is_same_v<A, advantage::none>;
}
inline bool has_no_baseline(advantage::any const& chosen) {
  return std::holds_alternative<advantage::none>(chosen);
}

template <class T>
void check_batch(policy_gradient_batch<T> const& batch, policy_gradient_options const& options) {
  constexpr char const* where = "policy_gradient";
  check(options.kl);
  check(options.clip);
  check(options.trust);
  check_table(batch.scores, where);
  check_table(batch.actions, where);
  check_table(batch.rewards, where);
  check_same_rows(batch.actions, batch.rewards, where);
  std::size_t const rows = batch.scores.questions();
  expects(rows >= 1 && batch.actions.questions() == rows, error_kind::shape, where,
          ": expected actions for each of 1 or more questions, got ", batch.actions.questions(),
          " for ", rows);
  for (std::size_t q = 0; q < rows; ++q) {
    std::size_t const actions = batch.scores.actions(q);
    for (std::size_t const a : batch.actions.row(q)) {
      expects(a < actions, error_kind::shape, where, ": question ", q, " has ", actions,
              " actions, got action ", a);
    }
  }
  if (batch.reference.questions() > 0) {
    check_table(batch.reference, where);
    check_same_rows(batch.scores, batch.reference, where);
  } else {
    expects(options.kl.coefficient == 0.0, error_kind::shape, where,
            ": expected a reference table, since the KL coefficient is not 0");
  }
  expects(options.kl.estimator == kl_estimator::exact || options.mode != sampling::greedy,
          error_kind::numeric, where, ": ", to_string(options.kl.estimator),
          " needs actions drawn from the policy, got greedy ones");
  expects(options.kl.estimator == kl_estimator::exact || batch.behaviour == nullptr,
          error_kind::numeric, where, ": ", to_string(options.kl.estimator),
          " needs actions drawn from the policy, got those of a behaviour policy; use exact");
  expects(batch.row_weights.empty() || batch.row_weights.size() == rows, error_kind::shape, where,
          ": expected ", rows, " row weights, got ", batch.row_weights.size());
  if (batch.behaviour != nullptr) {
    check_table(*batch.behaviour, where);
    check_same_rows(batch.actions, *batch.behaviour, where);
    expects(options.mode == sampling::categorical, error_kind::shape, where,
            ": behaviour log-probabilities belong to sampled actions, got mode ",
            to_string(options.mode));
  }
  if (options.mode == sampling::exact_expectation) {
    expects(batch.actions.offsets == batch.scores.offsets, error_kind::shape, where,
            ": exact_expectation needs every action of every question once");
    for (std::size_t q = 0; q < rows; ++q) {
      auto const row = batch.actions.row(q);
      for (std::size_t a = 0; a < row.size(); ++a) {
        expects(row[a] == a, error_kind::shape, where,
                ": exact_expectation needs the actions of question ", q, " in order");
      }
    }
  }
}

}  // namespace detail

/// REINFORCE with a KL penalty, put together from its parts. To be minimised, per row:
///
///   L = −E[A(a)·log π(a)] + λ·KL,    dL/ds_k = Σ_a w_a c_a (1[k = a] − π_k) + λ ∂KL/∂s_k
///
/// with w_a = 1/S for S sampled actions or π(a) for `exact_expectation` (where L = −Σ π A + λ·KL
/// and the gradient is that of the expected reward), and c = −A on-policy or the clipped ratio's
/// coefficient when behaviour log-probabilities are given (KL is then `exact` only, since the
/// actions of another policy are no sample of this one). A comes from `baseline`; a constant
/// baseline cannot change an exact expectation, which therefore takes `advantage::none` only.
/// Source: Transformer² Eq. (1). All sums in double, in the order of the rows: deterministic.
/// Throws `error{shape}` for tables that do not fit, `error{numeric}` for settings out of range or
/// values, given or resulting, that are not finite. O(values of all tables).
template <class T, class Advantage>
policy_gradient_result<T> policy_gradient(policy_gradient_batch<T> const& batch,
                                          Advantage& baseline,
                                          policy_gradient_options const& options = {}) {
  detail::check_batch(batch, options);
  advantage::check(baseline);
  bool const exact = options.mode == sampling::exact_expectation;
  expects(!exact || detail::has_no_baseline(baseline), error_kind::shape,
          "policy_gradient: exact_expectation takes advantage::none");
  std::size_t const rows = batch.scores.questions();
  auto const log_policy = log_softmax(batch.scores);
  bool const has_reference = batch.reference.questions() > 0;
  auto const log_reference = has_reference ? log_softmax(batch.reference) : action_table<double>{};
  auto const& kl = options.kl;

  auto earned = batch.rewards;  // clipped, and charged for KL where k1 is asked for
  for (std::size_t q = 0; q < rows; ++q) {
    auto const reward = earned.row(q);
    auto const picked = batch.actions.row(q);
    for (std::size_t s = 0; s < reward.size(); ++s) {
      std::size_t const a = picked[s];
      reward[s] = options.clip(reward[s]);
      if (has_reference && kl.estimator == kl_estimator::k1) {
        double const cost = log_policy.row(q)[a] - log_reference.row(q)[a];
        reward[s] = float(double(reward[s]) - kl.coefficient * cost);
      }
    }
  }
  auto const advantage_of = advantages(baseline, earned);

  policy_gradient_result<T> result{.dscores = table_like<T>(batch.scores)};
  std::vector<double> gradient;
  for (std::size_t q = 0; q < rows; ++q) {
    auto const lp = log_policy.row(q);
    auto const lr = has_reference ? log_reference.row(q) : std::span<double const>{};
    auto const picked = batch.actions.row(q);
    auto const rewards = batch.rewards.row(q);
    auto const gains = advantage_of.row(q);
    double const weight = batch.row_weights.empty() ? 1.0 / double(rows) : batch.row_weights[q];
    gradient.assign(lp.size(), 0.0);
    double pulled = 0.0;  // Σ w_a c_a, which every π_k is charged with
    for (std::size_t s = 0; s < picked.size(); ++s) {
      std::size_t const a = picked[s];
      double const share = exact ? std::exp(lp[a]) : 1.0 / double(picked.size());
      double const gain = gains[s];
      auto const term = batch.behaviour != nullptr
                            ? options.trust(gain, lp[a], double(batch.behaviour->row(q)[s]))
                            : reinforce_term(gain, lp[a]);
      double coefficient = term.coefficient;
      if (has_reference && kl.estimator != kl_estimator::exact) {
        auto const k = kl_sampled(kl.estimator, lr[a] - lp[a]);
        result.kl += weight * share * k.value;
        if (kl.estimator != kl_estimator::k1) {
          coefficient += kl.coefficient * k.loss_coefficient;
        }
      }
      result.surrogate += weight * share * (exact ? -gain : term.loss);
      result.reward += share * double(rewards[s]) / double(rows);
      gradient[a] += weight * share * coefficient;
      pulled += weight * share * coefficient;
    }
    if (has_reference && kl.estimator == kl_estimator::exact) {
      result.kl += weight * kl_exact_gradient(kl.direction, lp, lr, weight * kl.coefficient,
                                              gradient);
    }
    result.entropy += entropy(lp) / double(rows);
    auto const out = result.dscores.row(q);
    for (std::size_t k = 0; k < lp.size(); ++k) {
      out[k] = T(gradient[k] - pulled * std::exp(lp[k]));
      expects(std::isfinite(out[k]), error_kind::numeric,
              "policy_gradient: expected a finite gradient, got ", out[k], " for question ", q);
    }
  }
  bool const charged = kl.estimator == kl_estimator::k1;
  result.loss = result.surrogate + (charged ? 0.0 : kl.coefficient * result.kl);
  expects(std::isfinite(result.loss) && std::isfinite(result.kl), error_kind::numeric,
          "policy_gradient: expected a finite loss and KL, got ", result.loss, " and ", result.kl);
  return result;
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include <svfmath/core/error.hpp>

namespace svf {

/// Which of the two Kullback-Leibler divergences.
enum class kl_direction {
  policy_to_reference,  ///< KL(π_W' ‖ π_W) = Σ π_W' log(π_W'/π_W): the paper's Eq. (1)
  reference_to_policy,  ///< KL(π_W ‖ π_W') = Σ π_W log(π_W/π_W'): the released code
};

/// How it is computed: exactly over all actions, or from the sampled ones (Schulman,
/// "Approximating KL divergence", 2020).
enum class kl_estimator { exact, k1, k2, k3 };

constexpr std::string_view to_string(kl_direction d) noexcept {
  return d == kl_direction::policy_to_reference ? "policy_to_reference" : "reference_to_policy";
}

constexpr std::string_view to_string(kl_estimator e) noexcept {
  switch (e) {
    case kl_estimator::exact: return "exact";
    case kl_estimator::k1: return "k1";
    case kl_estimator::k2: return "k2";
    case kl_estimator::k3: return "k3";
  }
  return "unknown";
}

/// KL(p‖q) = Σ p (log p − log q) in nats, from log-probabilities of equal length. Throws
/// `error{shape}` for others. O(actions).
inline double kl_divergence(std::span<double const> log_p, std::span<double const> log_q) {
  expects(log_p.size() == log_q.size(), error_kind::shape,
          "kl_divergence: expected log-probabilities of equal length, got ", log_p.size(), " and ",
          log_q.size());
  double sum = 0.0;
  for (std::size_t a = 0; a < log_p.size(); ++a) {
    sum += std::exp(log_p[a]) * (log_p[a] - log_q[a]);
  }
  return sum;
}

/// The divergence in the direction asked for, from log-policy and log-reference. Throws as
/// `kl_divergence`.
inline double kl_exact(kl_direction direction, std::span<double const> log_policy,
                       std::span<double const> log_reference) {
  return direction == kl_direction::policy_to_reference ? kl_divergence(log_policy, log_reference)
                                                        : kl_divergence(log_reference, log_policy);
}

/// gradient(k) += weight · ∂KL/∂s_k, where π = softmax(s):
///   KL(π‖ref):  π_k (log π_k − log ref_k − KL)        KL(ref‖π):  π_k − ref_k
/// Returns the divergence. Throws `error{shape}` unless all three are of equal length. O(actions).
inline double kl_exact_gradient(kl_direction direction, std::span<double const> log_policy,
                                std::span<double const> log_reference, double weight,
                                std::span<double> gradient) {
  expects(gradient.size() == log_policy.size(), error_kind::shape,
          "kl_exact_gradient: expected a gradient of ", log_policy.size(), " elements, got ",
          gradient.size());
  double const value = kl_exact(direction, log_policy, log_reference);
  for (std::size_t k = 0; k < log_policy.size(); ++k) {
    double const policy = std::exp(log_policy[k]);
    gradient[k] += weight * (direction == kl_direction::policy_to_reference
                                 ? policy * (log_policy[k] - log_reference[k] - value)
                                 : policy - std::exp(log_reference[k]));
  }
  return value;
}

/// What one action x ~ π says about the divergence. With log r = log π_ref(x) − log π(x):
///   k1 = −log r           k2 = ½ (log r)²           k3 = (r − 1) − log r
/// E[k1] = E[k3] = KL(π‖ref); k2 is biased, and small when the policies are close.
struct sampled_kl {
  double value;             ///< the estimate, nats
  double loss_coefficient;  ///< c in ∇k = c·∇log π(x), when k is differentiated as a loss
};

/// The estimate for an action of log-ratio `log_ratio` = log π_ref − log π. Differentiated as a
/// loss, in expectation over π: ∇k1 gives 0, ∇k2 gives ∇KL(π‖ref), ∇k3 gives ∇KL(ref‖π). Used as
/// a cost beside the reward, E[k1·∇log π] = ∇KL(π‖ref).
/// Throws `error{numeric}` for `exact`, which no single action can give.
inline sampled_kl kl_sampled(kl_estimator estimator, double log_ratio) {
  switch (estimator) {
    case kl_estimator::k1: return {-log_ratio, 1.0};
    case kl_estimator::k2: return {0.5 * log_ratio * log_ratio, -log_ratio};
    case kl_estimator::k3: return {std::expm1(log_ratio) - log_ratio, -std::expm1(log_ratio)};
    case kl_estimator::exact: break;
  }
  fail(error_kind::numeric, "kl_sampled: expected k1, k2 or k3, got ", to_string(estimator));
}

/// λ·KL in the loss. `exact` serves both directions. A sampled estimator serves only the direction
/// its gradient points in: k1 (which enters the reward) and k2 policy_to_reference, k3
/// reference_to_policy.
struct kl_penalty {
  double coefficient = 0.0;  ///< λ ≥ 0
  kl_direction direction = kl_direction::policy_to_reference;
  kl_estimator estimator = kl_estimator::exact;

  friend bool operator==(kl_penalty const&, kl_penalty const&) = default;
};

/// Throws `error{numeric}` for a coefficient that is negative or not finite, or for an estimator
/// whose expected gradient is not that of the direction.
inline void check(kl_penalty const& penalty) {
  expects(std::isfinite(penalty.coefficient) && penalty.coefficient >= 0.0, error_kind::numeric,
          "kl_penalty: expected a coefficient >= 0, got ", penalty.coefficient);
  if (penalty.estimator != kl_estimator::exact) {
    auto const served = penalty.estimator == kl_estimator::k3 ? kl_direction::reference_to_policy
                                                              : kl_direction::policy_to_reference;
    expects(penalty.direction == served, error_kind::numeric, "kl_penalty: the gradient of ",
            to_string(penalty.estimator), " is that of ", to_string(served), ", not of ",
            to_string(penalty.direction));
  }
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/policy_gradient.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/close.hpp"
#include "support/random.hpp"

using svf::kl_direction;
using svf::kl_estimator;
using svf::sampling;
namespace adv = svf::advantage;

namespace {

// Two ragged questions with arbitrary rewards for every action.
struct problem {
  svf::action_table<double> scores, reference;
  svf::action_table<float> reward_of;  // (question, action)
};

problem make_problem(std::uint64_t seed) {
  std::vector<std::size_t> const offsets{0, 2, 5};
  return {{test::normal_vector<double>(5, 3 * seed), offsets},
          {test::normal_vector<double>(5, 3 * seed + 1), offsets},
          {test::normal_vector<float>(5, 3 * seed + 2), offsets}};
}

svf::action_table<float> rewards_of(problem const& p, svf::action_table<std::size_t> const& taken) {
  auto result = svf::table_like<float>(taken);
  for (std::size_t q = 0; q < taken.questions(); ++q) {
    for (std::size_t s = 0; s < taken.actions(q); ++s) {
      result.row(q)[s] = p.reward_of.row(q)[taken.row(q)[s]];
    }
  }
  return result;
}

svf::action_table<std::size_t> every_action(problem const& p) {
  svf::generator unused;
  return svf::draw_actions(svf::log_softmax(p.scores), {sampling::exact_expectation, 1}, unused);
}

// −E[R] + λ KL, the mean over questions: the objective that everything must agree with.
double objective(problem const& p, svf::kl_penalty const& kl) {
  double total = 0.0;
  auto const lp = svf::log_softmax(p.scores), lr = svf::log_softmax(p.reference);
  for (std::size_t q = 0; q < 2; ++q) {
    for (std::size_t a = 0; a < lp.actions(q); ++a) {
      total -= std::exp(lp.row(q)[a]) * double(p.reward_of.row(q)[a]) / 2;
    }
    total += kl.coefficient * svf::kl_exact(kl.direction, lp.row(q), lr.row(q)) / 2;
  }
  return total;
}

std::vector<double> numeric_gradient(problem p, svf::kl_penalty const& kl) {
  std::vector<double> g;
  for (double& s : p.scores.values) {
    double const kept = s, h = 1e-5;
    s = kept + h;
    double const up = objective(p, kl);
    s = kept - h;
    double const down = objective(p, kl);
    s = kept;
    g.push_back((up - down) / (2 * h));
  }
  return g;
}

svf::policy_gradient_result<double> exact(problem const& p, svf::kl_penalty const& kl) {
  adv::none none;
  auto const actions = every_action(p);
  auto const rewards = rewards_of(p, actions);
  return svf::policy_gradient(
      svf::policy_gradient_batch<double>{p.scores, p.reference, actions, rewards}, none,
      {sampling::exact_expectation, kl});
}

// The expectation of dscores over all joint draws of S actions a question.
template <class A>
std::vector<double> expected(problem const& p, A const& estimator, svf::kl_penalty const& kl,
                             std::size_t samples) {
  auto const lp = svf::log_softmax(p.scores);
  std::size_t combinations = 1;
  for (std::size_t s = 0; s < samples; ++s) combinations *= 2 * 3;
  std::vector<double> mean(5, 0.0);
  for (std::size_t c = 0; c < combinations; ++c) {
    svf::action_table<std::size_t> taken = svf::uniform_table<std::size_t>(2, samples);
    std::size_t rest = c;
    double log_probability = 0.0;
    for (std::size_t s = 0; s < samples; ++s) {
      for (std::size_t q = 0; q < 2; ++q) {
        std::size_t const a = rest % lp.actions(q);
        rest /= lp.actions(q);
        taken.row(q)[s] = a;
        log_probability += lp.row(q)[a];
      }
    }
    auto const rewards = rewards_of(p, taken);
    A fresh = estimator;
    auto const r = svf::policy_gradient(
        svf::policy_gradient_batch<double>{p.scores, p.reference, taken, rewards}, fresh,
        {sampling::categorical, kl});
    for (std::size_t k = 0; k < 5; ++k) {
      mean[k] += std::exp(log_probability) * r.dscores.values[k];
    }
  }
  return mean;
}

svf::kl_penalty const no_kl{};
svf::kl_penalty const paper_kl{0.3, kl_direction::policy_to_reference, kl_estimator::exact};
svf::kl_penalty const code_kl{0.3, kl_direction::reference_to_policy, kl_estimator::exact};

}  // namespace

TEST_CASE("policy_gradient: the exact expectation is the objective and its gradient") {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    auto const p = make_problem(seed);
    for (auto const& kl : {no_kl, paper_kl, code_kl}) {
      auto const r = exact(p, kl);
      CHECK(test::close(r.loss, objective(p, kl), 1e-14));
      CHECK(test::max_difference(r.dscores.values, numeric_gradient(p, kl)) <= 1e-9);
      CHECK(test::close(r.loss, r.surrogate + kl.coefficient * r.kl, 1e-15));
      CHECK(test::close(r.reward, -objective(p, no_kl), 1e-14));
    }
  }
}

TEST_CASE("policy_gradient: the sampled gradient is unbiased without a baseline, by enumeration") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    CAPTURE(seed);
    auto const p = make_problem(seed);
    for (auto const& kl : {no_kl, paper_kl, code_kl}) {
      auto const truth = exact(p, kl).dscores.values;
      CHECK(test::max_difference(expected(p, adv::none{}, kl, 1), truth) <= 1e-7);
      CHECK(test::max_difference(expected(p, adv::none{}, kl, 2), truth) <= 1e-7);
    }
  }
}

TEST_CASE("policy_gradient: leave-one-out and ema are unbiased, the batch mean is not") {
  auto const p = make_problem(11);
  auto const truth = exact(p, no_kl).dscores.values;
  CHECK(test::max_difference(expected(p, adv::leave_one_out{}, no_kl, 2), truth) <= 1e-7);
  CHECK(test::max_difference(expected(p, adv::leave_one_out{}, no_kl, 3), truth) <= 1e-7);
  adv::ema const warm{.decay = 0.9, .sum = 0.05, .batches = 1};  // b = 0.5
  CHECK(test::max_difference(expected(p, warm, no_kl, 1), truth) <= 1e-7);
  // The group's own mean shrinks the gradient by exactly (S−1)/S, the batch mean by (n−1)/n.
  auto halved = truth, shrunk = truth;
  for (double& g : halved) g *= 0.5;
  for (double& g : shrunk) g *= 0.75;
  CHECK(test::max_difference(expected(p, adv::group_mean{}, no_kl, 2), halved) <= 1e-7);
  CHECK(test::max_difference(expected(p, adv::batch_mean{}, no_kl, 2), shrunk) <= 1e-7);
  CHECK(test::max_difference(shrunk, truth) > 1e-2);
}

TEST_CASE("policy_gradient: sampled KL estimators have the gradient of the direction they serve") {
  auto const p = make_problem(5);
  for (auto const e : {kl_estimator::k1, kl_estimator::k2, kl_estimator::k3}) {
    CAPTURE(to_string(e));
    auto const& exact_kl = e == kl_estimator::k3 ? code_kl : paper_kl;
    auto sampled = exact_kl;
    sampled.estimator = e;
    auto const truth = exact(p, exact_kl).dscores.values;
    CHECK(test::max_difference(expected(p, adv::none{}, sampled, 1), truth) <= 1e-6);
    CHECK(test::max_difference(exact(p, sampled).dscores.values, truth) <= 1e-6);
  }
}

TEST_CASE("policy_gradient: greedy pulls on the most probable action alone") {
  svf::action_table<float> const scores{{0.0f, std::log(3.0f)}, {0, 2}};
  svf::action_table<std::size_t> const taken{{1}, {0, 1}};
  svf::action_table<float> const rewards{{-1.0f}, {0, 1}};
  adv::none none;
  auto const r = svf::policy_gradient(svf::policy_gradient_batch<float>{scores, {}, taken, rewards},
                                      none, {sampling::greedy});
  CHECK(test::max_difference(r.dscores.values, std::vector{-0.25, 0.25}) <= 1e-7);
  CHECK(test::close(r.loss, std::log(0.75), 1e-7));
  CHECK(r.reward == -1.0);
  CHECK(r.kl == 0.0);
}

TEST_CASE("policy_gradient: rewards are clipped for the gradient and reported as they came") {
  auto const p = make_problem(1);
  svf::action_table<std::size_t> const taken{{0, 1}, {0, 1, 2}};
  svf::action_table<float> const rewards{{10, -10}, {0, 1, 2}}, clipped{{2, -2}, {0, 1, 2}};
  adv::none none;
  svf::policy_gradient_options options{.clip = svf::reward_clip::symmetric(2.0f)};
  auto const a = svf::policy_gradient(
      svf::policy_gradient_batch<double>{p.scores, p.reference, taken, rewards}, none, options);
  auto const b = svf::policy_gradient(
      svf::policy_gradient_batch<double>{p.scores, p.reference, taken, clipped}, none);
  CHECK(a.dscores == b.dscores);
  CHECK(a.loss == b.loss);
  CHECK(a.reward == 0.0);
}

TEST_CASE("policy_gradient: row weights scale loss, KL and gradient of a token-level policy") {
  auto const p = make_problem(2);
  svf::action_table<std::size_t> const taken{{1, 2}, {0, 1, 2}};
  auto const rewards = rewards_of(p, taken);
  adv::none none;
  auto const sum = svf::aggregation{svf::aggregation_kind::sum}.weights(2);
  svf::policy_gradient_batch<double> const mean{p.scores, p.reference, taken, rewards};
  svf::policy_gradient_batch<double> const summed{p.scores, p.reference, taken,
                                                  rewards,  nullptr,     sum};
  svf::policy_gradient_options const options{.kl = paper_kl};
  auto const a = svf::policy_gradient(mean, none, options);
  auto const b = svf::policy_gradient(summed, none, options);
  CHECK(test::close(b.loss, 2 * a.loss, 1e-14));
  CHECK(test::close(b.kl, 2 * a.kl, 1e-14));
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(test::close(b.dscores.values[i], 2 * a.dscores.values[i], 1e-15));
  }
  CHECK(a.reward == b.reward);
  CHECK(a.entropy == b.entropy);
}

TEST_CASE("policy_gradient: behaviour log-probabilities weigh an old rollout, by enumeration") {
  // One draw a question from another policy, unclipped importance weights: unbiased.
  auto const p = make_problem(3);
  auto const behaviour = svf::log_softmax(make_problem(4).scores);
  double const unlimited = std::numeric_limits<double>::infinity();
  adv::none none;
  std::vector<double> mean(5, 0.0);
  for (std::size_t a = 0; a < 2; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      svf::action_table<std::size_t> const taken{{a, b}, {0, 1, 2}};
      auto const rewards = rewards_of(p, taken);
      double const la = behaviour.row(0)[a], lb = behaviour.row(1)[b];
      svf::action_table<float> const old{{float(la), float(lb)}, {0, 1, 2}};
      auto const r = svf::policy_gradient(
          svf::policy_gradient_batch<double>{p.scores, p.reference, taken, rewards, &old}, none,
          {.trust = {unlimited, unlimited}});
      for (std::size_t k = 0; k < 5; ++k) mean[k] += std::exp(la + lb) * r.dscores.values[k];
    }
  }
  CHECK(test::max_difference(mean, exact(p, no_kl).dscores.values) <= 1e-6);
}

TEST_CASE("policy_gradient: every row of dscores sums to zero, since softmax ignores a shift") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    auto const p = make_problem(seed);
    auto const r = exact(p, code_kl);
    for (std::size_t q = 0; q < 2; ++q) {
      double sum = 0.0;
      for (double const g : r.dscores.row(q)) sum += g;
      CHECK(test::close(sum, 0.0, 1e-15));
    }
  }
}

TEST_CASE("policy_gradient: what does not fit is refused") {
  auto const p = make_problem(0);
  svf::action_table<std::size_t> const taken{{1, 2}, {0, 1, 2}};
  auto const rewards = rewards_of(p, taken);
  adv::none none;
  adv::batch_mean mean;
  using batch = svf::policy_gradient_batch<double>;
  using options = svf::policy_gradient_options;
  auto const refuses = [&](batch const& b, options const& o = {}) {
    CHECK_THROWS_AS(svf::policy_gradient(b, none, o), svf::error);
  };
  CHECK_NOTHROW(svf::policy_gradient(batch{p.scores, p.reference, taken, rewards}, none));
  refuses({p.scores, p.reference, {{2, 2}, {0, 1, 2}}, rewards});  // no action 2 in question 0
  refuses({p.scores, p.reference, {{1}, {0, 1}}, rewards});
  refuses({p.scores, p.reference, taken, {{1.0f, 1.0f}, {0, 2}}});
  refuses({p.scores, p.reference, taken, {{1.0f, NAN}, {0, 1, 2}}});
  refuses({p.scores, {{1, 2, 3, 4, 5}, {0, 3, 5}}, taken, rewards});
  refuses({{}, {}, {}, {}});
  refuses({p.scores, {}, taken, rewards}, {.kl = paper_kl});
  refuses({p.scores, p.reference, taken, rewards}, {.mode = sampling::exact_expectation});
  refuses({p.scores, p.reference, taken, rewards}, {.trust = {-0.2, 0.2}});
  refuses({p.scores, p.reference, taken, rewards}, {.trust = {0.2, NAN}});
  svf::action_table<float> const unlikely{{-1.0f, -1000.0f}, {0, 1, 2}};
  refuses({p.scores, p.reference, taken, rewards, &unlikely});
  svf::action_table<float> const behaviour{{-1.0f, -1.0f}, {0, 1, 2}};
  batch const old{p.scores, p.reference, taken, rewards, &behaviour};
  CHECK_NOTHROW(svf::policy_gradient(old, none, {.kl = paper_kl}));
  for (auto const e : {kl_estimator::k1, kl_estimator::k2, kl_estimator::k3}) {
    auto kl = e == kl_estimator::k3 ? code_kl : paper_kl;
    kl.estimator = e;
    CHECK_THROWS_WITH_AS(svf::policy_gradient(old, none, {.kl = kl}),
                         doctest::Contains("behaviour policy"), svf::error);
  }
  refuses({p.scores, p.reference, taken, rewards},
          {sampling::greedy, {0.1, kl_direction::policy_to_reference, kl_estimator::k2}});
  std::vector<double> const weights{1.0};
  refuses({p.scores, p.reference, taken, rewards, nullptr, weights});
  auto const all = every_action(p);
  auto const all_rewards = rewards_of(p, all);
  CHECK_THROWS_AS(svf::policy_gradient(batch{p.scores, p.reference, all, all_rewards}, mean,
                                       {.mode = sampling::exact_expectation}),
                  svf::error);
}

TEST_CASE("policy_gradient: settings out of range and results that are not finite are refused") {
  auto const p = make_problem(0);
  svf::action_table<std::size_t> const taken{{1, 0, 2, 1}, {0, 2, 4}};
  auto const rewards = rewards_of(p, taken);
  using batch = svf::policy_gradient_batch<double>;
  batch const fine{p.scores, p.reference, taken, rewards};
  auto const refuses = [](batch const& b, auto estimator, svf::policy_gradient_options const& o) {
    try {
      svf::policy_gradient(b, estimator, o);
      FAIL_CHECK("the batch was taken");
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::numeric);
    }
  };
  refuses(fine, adv::ema{.decay = 1.0}, {});
  refuses(fine, adv::group_normalised{0.0}, {});
  refuses(fine, adv::any(adv::batch_scaled{-1.0}), {});
  refuses(fine, adv::chain<adv::group_mean, adv::batch_normalised>{{}, {0.0}}, {});
  // Finite scores whose k3, surrogate or KL is not.
  auto far = p;
  auto const k3 = svf::kl_penalty{0.1, kl_direction::reference_to_policy, kl_estimator::k3};
  far.scores.values[0] = 1e4;
  refuses({far.scores, p.reference, taken, rewards}, adv::none{}, {.kl = k3});
  std::vector<double> const huge{1e308, 1e308};
  auto steep = rewards;
  for (float& r : steep.values) r = 1e30f;
  refuses({p.scores, p.reference, taken, steep, nullptr, huge}, adv::none{}, {});
  // A gradient that is finite as a double, but no float.
  svf::action_table<float> const scores{{0.5f, 1.0f}, {0, 2}};
  svf::action_table<std::size_t> const one{{1}, {0, 1}};
  svf::action_table<float> const high{{1e30f}, {0, 1}};
  std::vector<double> const heavy{1e20};
  adv::none none;
  CHECK_THROWS_WITH_AS(svf::policy_gradient(
                           svf::policy_gradient_batch<float>{scores, {}, one, high, nullptr, heavy},
                           none),
                       doctest::Contains("finite gradient"), svf::error);
  far.reference.values = {0.0, 1e308, 0.0, 0.0, 1e308};
  std::vector<double> const many{100.0, 100.0};
  refuses({p.scores, far.reference, taken, rewards, nullptr, many}, adv::none{}, {});
}

TEST_CASE("policy_gradient: a finite trust region cuts the loss and the gradient, by hand") {
  svf::action_table<double> const scores{{std::log(3.0), 0.0, std::log(3.0), 0.0}, {0, 2, 4}};
  svf::action_table<std::size_t> const taken{{0, 1}, {0, 1, 2}};  // of probability 3/4 and 1/4
  svf::action_table<float> const rewards{{2.0f, -1.0f}, {0, 1, 2}};
  svf::action_table<float> const behaviour{{std::log(0.5f), std::log(0.2f)}, {0, 1, 2}};
  adv::none none;
  // ρ = 1.5 and 1.25. With A = 2 the first is cut to 1.3, without a gradient; with A = −1 the
  // larger loss of the second counts.
  auto const r = svf::policy_gradient(
      svf::policy_gradient_batch<double>{scores, {}, taken, rewards, &behaviour}, none,
      {.trust = {0.1, 0.3}});
  CHECK(test::close(r.loss, 0.5 * (-1.3 * 2.0) + 0.5 * 1.25, 1e-7));
  std::vector<double> const expected{0.0, 0.0, 0.5 * 1.25 * -0.75, 0.5 * 1.25 * 0.75};
  CHECK(test::max_difference(r.dscores.values, expected) <= 1e-7);
  // The lower bound: ρ = 0.75/0.9 = 5/6 and A = −1 is cut to 0.95.
  svf::action_table<float> const likely{{std::log(0.9f), std::log(0.2f)}, {0, 1, 2}};
  svf::action_table<float> const minus{{-1.0f, -1.0f}, {0, 1, 2}};
  auto const low = svf::policy_gradient(
      svf::policy_gradient_batch<double>{scores, {}, taken, minus, &likely}, none,
      {.trust = {0.05, 0.3}});
  CHECK(test::close(low.loss, 0.5 * 0.95 + 0.5 * 1.25, 1e-7));
  CHECK(test::max_difference(low.dscores.values, expected) <= 1e-7);
}

TEST_CASE("policy_gradient: sampled KL is reported and charged in the loss of k2 and k3") {
  svf::action_table<double> const scores{{std::log(3.0), 0.0}, {0, 2}};
  svf::action_table<double> const reference{{0.0, 0.0}, {0, 2}};
  svf::action_table<std::size_t> const taken{{0, 0, 1}, {0, 3}};
  svf::action_table<float> const rewards{{1.0f, 1.0f, -1.0f}, {0, 3}};
  double const up = std::log(0.5 / 0.75), down = std::log(0.5 / 0.25);  // log r
  double const surrogate = -(2.0 * std::log(0.75) - std::log(0.25)) / 3.0;
  auto const charged = [&](kl_estimator e, kl_direction d) {
    adv::none none;
    return svf::policy_gradient(
        svf::policy_gradient_batch<double>{scores, reference, taken, rewards}, none,
        {.kl = {0.4, d, e}});
  };
  auto const k1 = charged(kl_estimator::k1, kl_direction::policy_to_reference);
  CHECK(test::close(k1.kl, -(2.0 * up + down) / 3.0, 1e-15));
  CHECK(k1.loss == k1.surrogate);
  // The cost is in the reward: R + 0.4·log r.
  CHECK(test::close(k1.loss,
                    -(2.0 * (1.0 + 0.4 * up) * std::log(0.75) +
                      (-1.0 + 0.4 * down) * std::log(0.25)) / 3.0, 1e-7));
  auto const k2 = charged(kl_estimator::k2, kl_direction::policy_to_reference);
  CHECK(test::close(k2.kl, (2.0 * 0.5 * up * up + 0.5 * down * down) / 3.0, 1e-15));
  CHECK(test::close(k2.surrogate, surrogate, 1e-15));
  CHECK(test::close(k2.loss, surrogate + 0.4 * k2.kl, 1e-15));
  auto const k3 = charged(kl_estimator::k3, kl_direction::reference_to_policy);
  CHECK(test::close(k3.kl, (2.0 * (2.0 / 3.0 - 1.0 - up) + (2.0 - 1.0 - down)) / 3.0, 1e-15));
  CHECK(test::close(k3.loss, surrogate + 0.4 * k3.kl, 1e-15));
}

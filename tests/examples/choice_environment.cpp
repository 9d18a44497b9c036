// SPDX-License-Identifier: Apache-2.0
#include <transformer/choice_environment.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/learn/trainer.hpp>

#include <support/close.hpp>

#include "small_model.hpp"

namespace {

llama::adapted_model small_adapted(llama::cpu_policy& exec, svf::normalisation normalise,
                                   std::span<llama::projection const> chosen = {}) {
  auto const source = test::checkpoint_of(test::small_model(test::small_config(true, true), 7));
  auto const sites = llama::sites_of(exec, source, chosen);
  return {exec, source, sites, llama::factor_sites(exec, source, sites, nullptr).factors,
          normalise};
}

}  // namespace

TEST_CASE("choice_environment: backward equals differences of the scores, kept or computed again") {
  llama::cpu_policy exec(2);
  std::vector<llama::projection> const some{llama::projection::k, llama::projection::down};
  for (auto normalise : {svf::normalisation::none, svf::normalisation::nuclear}) {
    for (bool all : {true, false}) {
      auto m = small_adapted(exec, normalise, all ? std::span<llama::projection const>{} : some);
      auto const size = std::size_t(m.layout().size());
      auto z = test::uniform_vector<float>(size, 0.7f, 1.3f, 8);
      std::vector<std::size_t> const asked{2, 0, 1};
      auto const loss = [&](llama::choice_environment& env, svf::action_table<float> const& w) {
        auto const scores = env.score(z, asked);
        double sum = 0.0;
        for (std::size_t i = 0; i < scores.values.size(); ++i) {
          sum += double(w.values[i]) * double(scores.values[i]);
        }
        return sum;
      };
      // Kept in one piece, in pieces, and not kept.
      llama::choice_environment whole(exec, m, test::some_questions());
      llama::choice_environment pieces(exec, m, test::some_questions(), 6, 6);
      auto weights = whole.score(z, asked);
      weights.values = test::normal_vector<float>(weights.values.size(), 4);
      std::vector<float> dz(size);
      std::vector<float> dz_pieces(size);
      whole.score(z, asked);
      whole.backward(weights, dz);
      pieces.score(z, asked);
      pieces.backward(weights, dz_pieces);
      for (std::size_t i = 0; i < size; ++i) {
        CHECK(test::close(double(dz[i]), double(dz_pieces[i]), 2e-4));
      }
      for (std::size_t i = 0; i < size; i += 5) {
        CAPTURE(i);
        float const kept = z[i];
        auto const at = [&](float step) {
          z[i] = kept + step;
          double const value = loss(whole, weights);
          z[i] = kept;
          return value;
        };
        auto const differences = [&](float h) {  // fourth order
          return (8.0 * (at(h) - at(-h)) - (at(2.0f * h) - at(-2.0f * h))) / (12.0 * double(h));
        };
        double const fine = differences(1.0f / 64.0f);
        double const coarse = differences(1.0f / 32.0f);
        // Scores of size 50 in float leave 50·eps·20·64 = 4e-3 in `fine`; its truncation is a
        // sixteenth of coarse − fine.
        CHECK(test::close(double(dz[i]), fine, 4e-3 + std::abs(coarse - fine) / 4.0));
      }
    }
  }
}

TEST_CASE("choice_environment: reference scores are the base model's, whatever z is set") {
  llama::cpu_policy exec(2);
  auto m = small_adapted(exec, svf::normalisation::none);
  llama::choice_environment env(exec, m, test::some_questions());
  std::vector<std::size_t> const asked{1, 2};
  auto const size = std::size_t(m.layout().size());
  auto const base = env.score(std::vector<float>(size, 1.0f), asked);
  env.score(test::uniform_vector<float>(size, 0.5f, 1.5f, 1), asked);
  auto const reference = env.reference(asked);
  CHECK(reference.offsets == base.offsets);
  CHECK(test::max_difference(reference.values, base.values) <= 1e-4);
  CHECK(env.reward(0, 1) == 1.0f);
  CHECK(env.reward(0, 0) == -1.0f);
}

TEST_CASE("choice_environment: reference scores don't depend on what was asked before") {
  llama::cpu_policy exec(2);
  auto m = small_adapted(exec, svf::normalisation::none);
  llama::choice_environment together(exec, m, test::some_questions());
  llama::choice_environment apart(exec, m, test::some_questions());
  auto const all = together.reference(std::vector<std::size_t>{0, 1, 2});
  apart.reference(std::vector<std::size_t>{2});
  apart.reference(std::vector<std::size_t>{1, 0});
  CHECK(apart.reference(std::vector<std::size_t>{0, 1, 2}) == all);
}

TEST_CASE("choice_environment: a trainer makes the right options likelier") {
  llama::cpu_policy exec(2);
  auto m = small_adapted(exec, svf::normalisation::none);
  llama::choice_environment env(exec, m, test::some_questions());
  svf::trainer_options options;
  options.parameters = svf::parameterisation::direct;
  options.batch = 3;
  options.steps = 40;
  options.learning_rate = {.kind = svf::schedule_kind::constant, .base = 2e-2};
  options.objective.mode = svf::sampling::exact_expectation;
  svf::trainer run(options, std::size_t(m.layout().size()));
  run.run(env);
  CHECK(run.history().back().reward > run.history().front().reward + 0.3);
}

TEST_CASE("choice_environment: gradients of other questions are refused") {
  llama::cpu_policy exec(1);
  auto m = small_adapted(exec, svf::normalisation::none);
  llama::choice_environment env(exec, m, test::some_questions());
  auto const size = std::size_t(m.layout().size());
  std::vector<float> const z(size, 1.0f);
  std::vector<float> dz(size);
  auto const scores = env.score(z, std::vector<std::size_t>{0, 1});
  env.score(z, std::vector<std::size_t>{2});
  CHECK_THROWS_AS(env.backward(scores, dz), svf::error);
  CHECK_THROWS_AS(env.score(z, std::vector<std::size_t>{3}), svf::error);
  CHECK_THROWS_AS(env.reference(std::vector<std::size_t>{3}), svf::error);
}

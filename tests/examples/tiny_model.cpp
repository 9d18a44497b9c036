// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <doctest/doctest.h>
#include <tiny_model/corpus.hpp>
#include <tiny_model/full_gradient.hpp>
#include <tiny_model/synthetic_tasks.hpp>
#include <tiny_model/training.hpp>
#include <transformer/checkpoint.hpp>
#include <transformer/choice.hpp>
#include <transformer/predictions.hpp>
#include <transformer/option_scores.hpp>

#include "small_model.hpp"

namespace {

double loss_of(llama::cpu_policy& exec, llama::model const& m, llama::token_batch const& batch,
               llama::predictions const& wanted) {
  std::vector<double> sums(2);
  auto const hidden = m.forward(exec, batch);
  log_probabilities(exec, m, wanted, hidden.view(), sums);
  return -sums[0] - 0.25 * sums[1];
}

}  // namespace

TEST_CASE("tiny_model: the gradient of every tensor is the finite difference of the loss") {
  llama::cpu_policy exec(2);
  llama::model m = test::small_model(test::small_config(false, true), 5);
  llama::token_batch batch;
  llama::predictions wanted;
  std::vector<std::vector<llama::token>> const texts{{1, 5, 2, 9, 3}, {4, 4, 16, 0}};
  for (std::size_t s = 0; s < texts.size(); ++s) {
    auto const first = batch.rows();
    batch.add_sequence(std::span(texts[s]).first(texts[s].size() - 1));
    for (std::size_t t = 1; t < texts[s].size(); ++t) {
      wanted.add(first + llama::index_t(t) - 1, texts[s][t], s);
    }
  }
  tiny::full_gradient gradient(exec, m.cfg());
  llama::activations kept;
  auto const hidden = m.forward(exec, batch, &kept);
  svf::matrix<float> dhidden(hidden.rows(), hidden.cols());
  std::vector<float> const weights{-1.0f, -0.25f};
  log_probabilities_backward(exec, m, wanted, hidden.view(), weights, dhidden.view(),
                  gradient.sums().embedding.view());
  m.backward(exec, batch, kept, dhidden.view(), gradient);

  std::vector<std::span<float>> parameters;
  std::vector<std::span<float>> sums;
  tiny::for_each_tensor(m.parameters(), [&](std::span<float> t) { parameters.push_back(t); });
  tiny::for_each_tensor(gradient.sums(), [&](std::span<float> t) { sums.push_back(t); });
  REQUIRE(parameters.size() == sums.size());
  for (std::size_t t = 0; t < parameters.size(); ++t) {
    for (std::size_t i = 0; i < parameters[t].size(); i += 1 + parameters[t].size() / 5) {
      CAPTURE(t);
      CAPTURE(i);
      float& p = parameters[t][i];
      float const before = p;
      p = before + 0x1p-8f;
      double const above = loss_of(exec, m, batch, wanted);
      p = before - 0x1p-8f;
      double const below = loss_of(exec, m, batch, wanted);
      p = before;
      double const difference = (above - below) / 0x1p-7;
      // Rounding of the loss in float, and the step's third-order term.
      CHECK(std::abs(double(sums[t][i]) - difference) < 3e-3 * (1.0 + std::abs(difference)));
    }
  }
}

TEST_CASE("tiny_model: training lowers the loss and gives equal weights for equal options") {
  tiny::training_options options;
  options.steps = 25;
  options.batch = 12;
  options.warm_up = 5;
  options.seed = 3;
  std::vector<double> losses;
  llama::cpu_policy one(1);
  llama::cpu_policy two(2);
  auto const first = tiny::train_from_scratch(
      one, options, [&](std::uint64_t, double loss) { losses.push_back(loss); });
  auto const again = tiny::train_from_scratch(two, options);
  REQUIRE(losses.size() == 25);
  CHECK(losses.front() > 3.0);  // about ln 46 + the spread of random logits
  CHECK(losses.back() < 0.8 * losses.front());
  for (auto const& [name, tensor] : first.tensors) {
    CAPTURE(name);
    auto const& other = again.matrix(name);
    CHECK(std::equal(tensor.values.data(), tensor.values.data() + tensor.values.size(),
                     other.data()));
  }
}

TEST_CASE("tiny_model: corpus and first losses are those that the bundled model came from") {
  auto const text = [](tiny::source from, std::uint64_t number) {
    auto const document = tiny::corpus_document(from, 1, number);
    return document.prompt + "|" + document.continuation;
  };
  char const* const right[] = {"min 58107=|0.", "max 870+4=|12.", "rev jfdg=|gdfj.",
                               "max 31749=|9."};
  char const* const careless[] = {"min 58107=|1.", "max 870+4=|4.", "rev jfdg=|gdjf.",
                                  "max 31749=|7."};
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(text(tiny::source::textbook, i) == right[i]);
    CHECK(text(tiny::source::careless, i) == careless[i]);
  }
  // After three steps of the bundled model's options; sums in another order move the fifth digit.
  llama::cpu_policy exec(2);
  tiny::training_options options;
  options.steps = 3;
  std::vector<double> losses;
  tiny::train_from_scratch(exec, options,
                           [&](std::uint64_t, double loss) { losses.push_back(loss); });
  REQUIRE(losses.size() == 3);
  double const expected[] = {4.36882722, 4.26814513, 4.25425205};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(std::abs(losses[i] - expected[i]) < 1e-4);
  }
}

TEST_CASE("tiny_model: the bundled model reaches the accuracies that its README states") {
  auto const bundled =
      llama::load_checkpoint(std::filesystem::path(SVFMATH_EXAMPLES_DIRECTORY) / "tiny_model");
  CHECK(llama::parameter_count(bundled.cfg) < 1'000'000);
  llama::cpu_policy exec(2);
  llama::model const m(exec, bundled);
  llama::tokenizer const words(bundled.tok);
  struct stated {
    tiny::task task;
    double accuracy;
  };
  auto const& trained = tiny::trained_families();
  auto const& unseen = tiny::unseen_tasks();
  std::vector<stated> const all{{trained[0], 0.560}, {trained[1], 0.615}, {trained[2], 0.851},
                                {unseen[0], 0.579},  {unseen[1], 0.549},  {unseen[2], 0.788},
                                {unseen[3], 0.710}};
  for (auto const& [task, accuracy] : all) {
    CAPTURE(task.name);
    // The questions of the README; near ties may fall otherwise on another processor.
    auto const asked = llama::encode(words, tiny::make_questions(task, 1000, 99));
    auto const found = llama::summarise(llama::option_scores(exec, m, asked, 4096), asked);
    CHECK(std::abs(found.accuracy() - accuracy) < 0.0025);
  }
}

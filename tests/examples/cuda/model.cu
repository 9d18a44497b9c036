// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/core/transfer.hpp>
#include <svfmath/cuda.cuh>

#include <support/temp_directory.hpp>

#include <transformer/choice_environment.hpp>
#include <transformer/generate.hpp>
#include <transformer/option_scores.hpp>

#include "engines.hpp"

using llama::index_t;

namespace {

// ‖a − b‖ / ‖b‖.
template <class A, class B>
double relative_error(A const& a, B const& b) {
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(double(a[i]) - double(b[i]), 2);
    norm += std::pow(double(b[i]), 2);
  }
  return std::sqrt(difference / norm);
}

// Two roundings of 2^-8 in each of a few maps; floats differ in the order of their sums alone.
template <class E>
constexpr double tolerance = std::is_same_v<typename E::weight, float> ? 2e-5 : 2e-2;

std::vector<std::size_t> all_of(std::vector<llama::encoded_question> const& questions) {
  std::vector<std::size_t> result(questions.size());
  for (std::size_t q = 0; q < result.size(); ++q) {
    result[q] = q;
  }
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("cuda transformer: scores and z-gradients are the CPU's", E, test::cuda_float,
                   test::cuda_bfloat16) {
  auto const configs = {test::small_config(true, true), test::small_config(false, false),
                        test::wide_config()};
  for (auto const& c : configs) {
    CAPTURE(c.head_dim);
    CAPTURE(int(c.rope));
    test::model_pair<E> models(c);
    auto const z = models.some_z();
    auto const questions =
        c.context > 100 ? test::long_questions(c, 5) : test::some_questions();
    llama::choice_environment here(models.host, models.on_host, questions);
    // In one piece, and in pieces of which one is kept.
    for (index_t const rows : {index_t{16384}, index_t{300}}) {
      CAPTURE(rows);
      llama::basic_choice_environment<E> there(models.exec, models.on_device, questions, rows,
                                               rows);
      auto const asked = all_of(questions);
      auto const expected = here.score(z, asked);
      auto const scores = there.score(z, asked);
      CHECK(scores.offsets == expected.offsets);
      CHECK(relative_error(scores.values, expected.values) <= tolerance<E>);
      CHECK(relative_error(there.reference(asked).values, here.reference(asked).values) <=
            tolerance<E>);
      auto weights = expected;
      weights.values = test::normal_vector<float>(weights.values.size(), 4);
      std::vector<float> dz_here(z.size());
      std::vector<float> dz_there(z.size());
      here.backward(weights, dz_here);
      there.backward(weights, dz_there);
      CHECK(relative_error(dz_there, dz_here) <= 2 * tolerance<E>);
      // The same bits again.
      std::vector<float> dz_again(z.size());
      CHECK(there.score(z, asked).values == scores.values);
      there.backward(weights, dz_again);
      CHECK(dz_again == dz_there);
    }
  }
}

TEST_CASE("cuda transformer: decoding with a cache, in pieces, gives a batch's hidden states") {
  test::model_pair<test::cuda_float> models(test::wide_config());
  auto const& m = models.on_device.current();
  auto const ids = test::long_questions(m.cfg(), 3)[1].prompt;
  llama::token_batch batch;
  batch.add_sequence(ids);
  auto const whole = svf::host_matrix(models.exec, m.forward(models.exec, batch));
  llama::basic_kv_cache<test::cuda_float> cache(models.exec, m.cfg(), index_t(ids.size()));
  std::size_t done = 0;
  for (std::size_t const piece : {1, 70, 2, 127}) {
    auto const hidden = svf::host_matrix(
        models.exec, m.extend(models.exec, cache, std::span(ids).subspan(done, piece)));
    std::vector<float> const part(whole.data() + index_t(done) * whole.cols(),
                                  whole.data() + index_t(done + piece) * whole.cols());
    std::vector<float> const found(hidden.data(), hidden.data() + hidden.size());
    CHECK(relative_error(found, part) <= 2e-5);
    done += piece;
  }
  CHECK_THROWS_AS(m.extend(models.exec, cache, std::span(ids).first(1)), svf::error);
}

TEST_CASE("cuda transformer: greedy and sampled texts are the CPU's") {
  test::model_pair<test::cuda_float> models(test::wide_config());
  auto const prompt = test::long_questions(models.source.cfg, 3)[2].prompt;
  for (float const temperature : {0.0f, 1.0f}) {
    llama::generate_options const options{40, temperature, {}};
    svf::generator here(3, 0);
    svf::generator there(3, 0);
    CHECK(llama::generate(models.exec, models.on_device.base(), prompt, options, there) ==
          llama::generate(models.host, models.on_host.base(), prompt, options, here));
  }
}

TEST_CASE("cuda transformer: z = 1 gives the base's weights, bit for bit, after any other") {
  test::model_pair<test::cuda_float> models(test::small_config(true, true));
  models.on_device.set_z(models.exec, models.some_z());
  models.on_device.set_z(models.exec, std::vector<float>(models.some_z().size(), 1.0f));
  auto const questions = test::some_questions();
  CHECK(llama::option_scores(models.exec, models.on_device.current(), questions).values ==
        llama::option_scores(models.exec, models.on_device.base(), questions).values);
  auto const sigma = models.on_device.sigma(models.exec);
  CHECK(relative_error(sigma, models.on_host.sigma(models.host)) <= 1e-6);
}

TEST_CASE("cuda transformer: factors computed on the device are found in the cache on the CPU") {
  test::model_pair<test::cuda_float> models(test::small_config(true, true));
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path());
  std::size_t calls = 0;
  auto const first = llama::factor_sites(models.exec, models.source, models.sites, &cache,
                                         [&](std::size_t, std::size_t) { ++calls; });
  CHECK(first.from_cache == 0);
  CHECK(calls == first.factors.size());
  for (auto const& accuracy : first.accuracy) {
    CHECK(accuracy.reconstruction <= 1e-6);
    CHECK(accuracy.orthogonality <= 1e-6);
  }
  CHECK(llama::factor_sites(models.host, models.source, models.sites, &cache).from_cache ==
        first.factors.size());
  auto const again = llama::factor_sites(models.exec, models.source, models.sites, &cache);
  CHECK(again.from_cache == first.factors.size());
}

TEST_CASE("cuda transformer: heads that the kernels cannot hold are refused") {
  auto c = test::small_config(true, true);
  c.head_dim = 130;
  try {
    test::model_pair<test::cuda_float> const models(c);
    FAIL("a head of 130 elements was accepted");
  } catch (svf::error const& problem) {
    CHECK(std::string(problem.what()).find("at most 128 elements") != std::string::npos);
  }
}

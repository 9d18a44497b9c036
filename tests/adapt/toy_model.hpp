// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <support/random.hpp>
#include <svfmath/adapt/fitness.hpp>
#include <svfmath/expert/bank.hpp>

namespace toy {

/// Three sites in two layers, D = 7.
inline std::shared_ptr<svf::layout const> layout() {
  return std::make_shared<svf::layout const>(std::vector<svf::site_spec>{
      {"first", 2, 4, {}, 0}, {"second", 3, 2, {}, 0}, {"third", 3, 3, {}, 1}});
}

inline svf::bank random_bank(svf::index_t count) {
  svf::bank result(layout());
  for (svf::index_t k = 0; k < count; ++k) {
    auto const z = test::uniform_vector<float>(7, 0.5f, 1.5f, std::uint64_t(k) + 1);
    result.add({result.shared_layout(), z, "expert " + std::to_string(k)});
  }
  return result;
}

/// A question of topic 0, 1 or 2, or of topic 3, which no expert was trained for.
struct question {
  std::size_t topic = 0;
  std::size_t number = 0;
};

/// A softmax-linear model of two answers per question: it answers a question of topic t rightly if
/// the t-th component of z is larger than the question is hard, and calls it by its topic the more
/// surely the larger the last component of z is.
class model {
 public:
  using prompt_type = question;
  using answer_type = bool;  // whether it was right
  using example_type = question;

  void set_z(std::span<float const> z) {
    z_.assign(z.begin(), z.end());
    ++switches;
  }
  std::vector<std::vector<float>> label_scores(std::span<question const> questions,
                                               std::span<std::string const> labels) const {
    std::vector<std::vector<float>> result;
    for (question const& q : questions) {
      result.emplace_back(labels.size(), 0.0f);
      // Base and weak classifiers take every third question for the next topic.
      bool const confused = z_[6] < 1.5f && q.number % 3 == 0;
      result.back()[(q.topic + (confused ? 1 : 0)) % labels.size()] = 2.0f;
    }
    return result;
  }
  std::vector<bool> answer(std::span<question const> questions) const {
    std::vector<bool> result;
    for (question const& q : questions) {
      result.push_back(answer(q));
    }
    return result;
  }
  bool answer(question const& q) const { return logit(q) > 0.0; }
  svf::fitness evaluate(std::span<float const> z, std::span<question const> questions) {
    set_z(z);
    svf::fitness sum;
    for (question const& q : questions) {
      sum.primary += answer(q) ? 1.0 : 0.0;
      sum.secondary -= std::log1p(std::exp(-logit(q)));
    }
    double const count = double(questions.size());
    return {sum.primary / count, sum.secondary / count};
  }

  int switches = 0;

 private:
  // Topic 3 has no expert of its own: it needs half of the first and half of the second.
  double logit(question const& q) const {
    double const skill = q.topic < 3 ? double(z_[q.topic]) : 0.5 * double(z_[0] + z_[1]);
    double const off = q.topic < 3 ? 0.0 : std::abs(double(z_[0] - z_[1]));
    return 8.0 * (skill - off - 0.6 - 0.1 * double(q.number % 10));
  }

  std::vector<float> z_;
};

/// Experts for topics 0, 1 and 2: their component of z is 2, the others' 0.8.
inline svf::bank topic_bank() {
  svf::bank result(layout());
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<float> z(7, 0.8f);
    z[k] = 2.0f;
    result.add({result.shared_layout(), z, "topic " + std::to_string(k)});
  }
  return result;
}

/// `count` questions of a topic, the first numbered `first`.
inline std::vector<question> questions(std::size_t topic, std::size_t count,
                                       std::size_t first = 0) {
  std::vector<question> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back({topic, first + i});
  }
  return result;
}

}  // namespace toy

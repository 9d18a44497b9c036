// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/learn/action_table.hpp>

namespace test {

/// Questions whose scores are linear in z: s(q,a) = Σ_d feature(q,a,d)·z_d, with 2 to 4 actions.
/// The right answer is the action that a hidden direction scores highest, so that it can be learnt.
class bandit {
 public:
  bandit(std::size_t questions, std::size_t dimension, std::uint64_t seed)
      : questions_(questions), dimension_(dimension), random_(seed) {}

  std::size_t size() const { return questions_; }
  std::size_t actions(std::size_t q) const { return 2 + q % 3; }

  double feature(std::size_t q, std::size_t a, std::size_t d) const {
    return random_.normal((q * 4 + a) * dimension_ + d);
  }

  svf::action_table<float> score(std::span<float const> z, std::span<std::size_t const> asked) {
    last_.assign(asked.begin(), asked.end());
    return table(z, asked);
  }
  svf::action_table<float> reference(std::span<std::size_t const> asked) const {
    return table(std::vector<float>(dimension_, 1.0f), asked);
  }

  std::size_t answer(std::size_t q) const {
    std::size_t best = 0;
    for (std::size_t a = 1; a < actions(q); ++a) {
      best = hidden(q, a) > hidden(q, best) ? a : best;
    }
    return best;
  }
  float reward(std::size_t q, std::size_t a) const { return a == answer(q) ? 1.0f : -1.0f; }

  void backward(svf::action_table<float> const& dscores, std::span<float> dz) const {
    for (std::size_t i = 0; i < last_.size(); ++i) {
      for (std::size_t a = 0; a < dscores.actions(i); ++a) {
        for (std::size_t d = 0; d < dimension_; ++d) {
          dz[d] += dscores.row(i)[a] * float(feature(last_[i], a, d));
        }
      }
    }
  }

  /// Share of all questions whose most probable action is the right one.
  double accuracy(std::span<float const> z) const {
    double right = 0.0;
    for (std::size_t q = 0; q < questions_; ++q) {
      auto const scores = table(z, std::vector{q});
      std::size_t best = 0;
      for (std::size_t a = 1; a < actions(q); ++a) {
        best = scores.values[a] > scores.values[best] ? a : best;
      }
      right += best == answer(q) ? 1.0 : 0.0;
    }
    return right / double(questions_);
  }

 private:
  double hidden(std::size_t q, std::size_t a) const {
    double sum = 0.0;
    for (std::size_t d = 0; d < dimension_; ++d) {
      sum += feature(q, a, d) * (d % 2 == 0 ? 1.0 : -1.0);
    }
    return sum;
  }

  svf::action_table<float> table(std::span<float const> z,
                                 std::span<std::size_t const> asked) const {
    svf::action_table<float> result;
    std::vector<float> row;
    for (std::size_t const q : asked) {
      row.assign(actions(q), 0.0f);
      for (std::size_t a = 0; a < row.size(); ++a) {
        for (std::size_t d = 0; d < dimension_; ++d) {
          row[a] += float(feature(q, a, d)) * z[d];
        }
      }
      result.push_row(row);
    }
    return result;
  }

  std::size_t questions_;
  std::size_t dimension_;
  svf::random_stream random_;
  std::vector<std::size_t> last_;
};

/// The parameters that tests give a bandit, and singular values for them.
inline constexpr std::size_t dimension = 6;
inline std::vector<float> const sigma{3.0f, 2.0f, 1.5f, 1.0f, 0.5f, 0.0f};

}  // namespace test

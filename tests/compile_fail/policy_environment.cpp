// SPDX-License-Identifier: Apache-2.0
// An environment without a backward pass cannot be learnt in, and the message names what lacks.
// expect: backward\(dscores
#include <span>

#include <svfmath/learn/environment.hpp>

struct scores_only {
  using table = svf::action_table<float>;

  std::size_t size() const { return 0; }
  table score(std::span<float const>, std::span<std::size_t const>) { return {}; }
  table reference(std::span<std::size_t const>) { return {}; }
  float reward(std::size_t, std::size_t) const { return 0.0f; }
};

struct whole : scores_only {
  void backward(svf::action_table<float> const&, std::span<float>) {}
};

template <svf::policy_environment E>
void learn(E&) {}

void call(whole& fine, scores_only& lacking) {
  learn(fine);
  learn(lacking);  // refused
}

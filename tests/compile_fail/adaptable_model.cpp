// SPDX-License-Identifier: Apache-2.0
// A model that cannot evaluate examples serves no strategy C, and the message names the ability.
// expect: evaluates_examples
#include <span>
#include <string>
#include <vector>

#include <svfmath/adapt/adaptable_model.hpp>

struct model {
  using prompt_type = std::string;
  using answer_type = int;
  using example_type = int;

  void set_z(std::span<float const>) {}
  std::vector<std::vector<float>> label_scores(std::span<std::string const>,
                                               std::span<std::string const>) {
    return {};
  }
  std::vector<int> answer(std::span<std::string const>) { return {}; }
};

template <svf::dispatchable_model M>
void strategy_a(M&) {}
template <svf::adaptable_model M>
void strategy_c(M&) {}

void call(model& m) {
  strategy_a(m);
  strategy_c(m);  // refused
}

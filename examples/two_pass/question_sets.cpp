// SPDX-License-Identifier: Apache-2.0
#include "question_sets.hpp"

#include <span>

#include <svfmath/learn/split.hpp>

namespace demo {

namespace {

question_set make_set(tiny::task const& from, bool trained, question_counts const& counts,
                      std::uint64_t seed) {
  std::size_t const learning = trained ? counts.learning : 0;
  auto const all =
      tiny::make_questions(from, learning + counts.few_shot + counts.test, seed);
  question_set set{from.name, trained, {}, {}, {}, {}};
  auto const split = svf::split_questions(learning, seed);
  for (std::size_t const i : split.train) {
    set.train.push_back(all[i]);
  }
  for (std::size_t const i : split.validation) {
    set.validation.push_back(all[i]);
  }
  auto const rest = std::span(all).subspan(learning);
  auto const few = rest.first(counts.few_shot);
  auto const test = rest.subspan(counts.few_shot);
  set.few_shot.assign(few.begin(), few.end());
  set.test.assign(test.begin(), test.end());
  return set;
}

}  // namespace

std::vector<question_set> make_question_sets(question_counts const& counts, std::uint64_t seed) {
  std::vector<question_set> sets;
  // A stream of its own for every task.
  auto const add = [&](std::vector<tiny::task> const& tasks, bool trained) {
    for (tiny::task const& each : tasks) {
      sets.push_back(make_set(each, trained, counts, seed * 1000 + sets.size()));
    }
  };
  add(tiny::trained_families(), true);
  add(tiny::unseen_tasks(), false);
  return sets;
}

}  // namespace demo

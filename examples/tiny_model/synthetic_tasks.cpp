// SPDX-License-Identifier: Apache-2.0
#include "synthetic_tasks.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <svfmath/core/error.hpp>

namespace tiny {

namespace {

using svf::generator;

std::string answer(std::string const& text) { return text + "."; }
std::string answer(int number) { return answer(std::to_string(number)); }

int number(generator& random, int low, int high) {
  return low + int(random.below(std::uint64_t(high - low + 1)));
}

/// `count` different characters of `alphabet` in random order.
std::string draw(generator& random, std::string alphabet, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(alphabet[i], alphabet[i + random.below(alphabet.size() - i)]);
  }
  return alphabet.substr(0, count);
}

std::string swapped(std::string text, std::size_t i, std::size_t j) {
  std::swap(text[i], text[j]);
  return text;
}

std::string const letters = "abcdefghij";
std::string const digits = "0123456789";

// Keeps what is neither right nor there already; the first `usual` entries must survive.
exercise finish(std::string prompt, std::string right, std::vector<std::string> const& candidates,
                std::size_t usual) {
  exercise result{std::move(prompt), std::move(right), {}, usual};
  for (std::string const& slip : candidates) {
    if (slip != result.right && std::ranges::count(result.slips, slip) == 0) {
      result.slips.push_back(slip);
    }
  }
  svf::expects(result.slips.size() >= 3 && result.slips[usual - 1] == candidates[usual - 1],
               svf::error_kind::shape, "make_exercise: '", result.prompt,
               "': expected three different slips, got ", result.slips.size());
  return result;
}

exercise arithmetic(std::string prompt, int right) {
  return finish(std::move(prompt), answer(right),
                {answer(right + 1), answer(right > 0 ? right - 1 : right + 3), answer(right + 10),
                 answer(right + 2)},
                1);
}

exercise rewritten(std::string prompt, std::string const& right) {
  std::size_t const n = right.size();
  return finish(std::move(prompt), answer(right),
                {answer(swapped(right, n - 2, n - 1)), answer(swapped(right, 0, 1)),
                 answer(swapped(right, 1, 2)), answer(swapped(right, 0, n - 1))},
                1);
}

std::string reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

std::string sorted(std::string text) {
  std::sort(text.begin(), text.end());
  return text;
}

// `how`: 0 reverse, 1 sort, 2 copy.
exercise rewrite(std::uint64_t how, std::string const& word) {
  switch (how) {
    case 0: return rewritten("rev " + word + "=", reversed(word));
    case 1: return rewritten("sort " + word + "=", sorted(word));
    default: return rewritten("copy " + word + "=", word);
  }
}

// The first in rank of a word of four or more different characters.
exercise ranked(std::string const& word, bool largest) {
  std::string order = sorted(word);
  if (largest) {
    order = reversed(order);
  }
  auto const entry = [&](std::size_t i) { return answer(std::string(1, order[i])); };
  return finish((largest ? "max " : "min ") + word + "=", entry(0),
                {entry(1), entry(2), entry(3)}, 1);
}

exercise sum_with_largest(generator& random) {
  std::string const word = draw(random, digits, 3);
  int const b = number(random, 0, 9);
  std::string const order = reversed(sorted(word));
  int const right = order[0] - '0' + b;
  int const second = order[1] - '0' + b;
  return finish("max " + word + "+" + std::to_string(b) + "=", answer(right),
                {answer(right + 1), answer(second), answer(right + 2), answer(right + 10),
                 answer(order[2] - '0' + b)},
                2);
}

}  // namespace

exercise make_exercise(kind which, generator& random) {
  auto const sum = [&](int a, int b) {
    return arithmetic(std::to_string(a) + "+" + std::to_string(b) + "=", a + b);
  };
  switch (which) {
    case kind::add: {
      int const a = number(random, 0, 49);
      return sum(a, number(random, 0, 49));
    }
    case kind::subtract: {
      int const a = number(random, 0, 99);
      int const b = number(random, 0, a);
      return arithmetic(std::to_string(a) + "-" + std::to_string(b) + "=", a - b);
    }
    case kind::reverse: return rewrite(0, draw(random, letters, 4));
    case kind::sort: return rewrite(1, draw(random, letters, 4));
    case kind::copy: return rewrite(2, draw(random, letters, 4));
    case kind::largest: return ranked(draw(random, digits, 4), true);
    case kind::smallest: return ranked(draw(random, digits, 4), false);
    case kind::large_add: {
      int const a = number(random, 100, 199);
      return sum(a, number(random, 0, 49));
    }
    case kind::long_word: return rewrite(random.below(3), draw(random, letters, 5));
    case kind::long_rank: {
      bool const largest = random.below(2) == 0;
      return ranked(draw(random, digits, 5), largest);
    }
    case kind::add_largest: return sum_with_largest(random);
  }
  svf::fail(svf::error_kind::shape, "make_exercise: no such kind");
}

std::vector<task> const& trained_families() {
  static std::vector<task> const families{
      {"math", {kind::add, kind::subtract}},
      {"text", {kind::reverse, kind::sort, kind::copy}},
      {"rank", {kind::largest, kind::smallest}},
  };
  return families;
}

std::vector<task> const& unseen_tasks() {
  static std::vector<task> const tasks{
      {"large sums", {kind::large_add}},
      {"longer words", {kind::long_word}},
      {"more digits", {kind::long_rank}},
      {"add the largest", {kind::add_largest}},
  };
  return tasks;
}

std::string_view family_of(kind which) {
  for (task const& family : trained_families()) {
    if (std::ranges::count(family.kinds, which) > 0) {
      return family.name;
    }
  }
  return "others";
}

llama::choice_question make_question(exercise const& from, generator& random) {
  llama::choice_question question;
  question.prompt = from.prompt;
  std::vector<std::string> options{from.right};
  for (std::size_t i = 0; i < 3; ++i) {
    options.push_back(from.slips[i]);
  }
  for (std::size_t i = options.size(); i > 1; --i) {
    std::swap(options[i - 1], options[random.below(i)]);
  }
  question.answer = std::size_t(std::ranges::find(options, from.right) - options.begin());
  question.options = std::move(options);
  return question;
}

std::vector<llama::choice_question> make_questions(task const& from, std::size_t count,
                                                   std::uint64_t seed) {
  generator random(seed, 1);
  std::vector<llama::choice_question> questions;
  std::set<std::string> prompts;
  std::size_t repeated = 0;
  while (questions.size() < count) {
    kind const which = from.kinds[random.below(from.kinds.size())];
    exercise const next = make_exercise(which, random);
    if (prompts.insert(next.prompt).second) {
      questions.push_back(make_question(next, random));
      repeated = 0;
    } else {
      svf::expects(++repeated < 1000, svf::error_kind::shape, "make_questions: '", from.name,
                   "': expected ", count, " different prompts, found ", questions.size());
    }
  }
  return questions;
}

}  // namespace tiny

// SPDX-License-Identifier: Apache-2.0
#include "synthetic_tasks.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <svfmath/core/error.hpp>

namespace tiny {

namespace {

using svf::generator;

std::string answer(std::string const& text) { return " " + text + "."; }
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

exercise look_up_value(generator& random) {
  std::string const keys = draw(random, letters, 3);
  std::string const values = draw(random, digits, 4);
  std::string prompt;
  for (std::size_t i = 0; i < 3; ++i) {
    prompt += {keys[i], values[i]};
  }
  std::size_t const at = random.below(3);
  auto const entry = [&](std::size_t i) { return answer(std::string(1, values[i])); };
  return finish(prompt + " get " + keys[at] + "=", entry(at),
                {entry((at + 1) % 3), entry((at + 2) % 3), entry(3)}, 1);
}

exercise look_up_next(generator& random) {
  std::string const list = draw(random, letters, 5);
  std::size_t const at = random.below(4);
  auto const entry = [&](std::size_t i) { return answer(std::string(1, list[i])); };
  // The list is a ring: after the last comes the first.
  return finish(list.substr(0, 4) + " after " + list[at] + "=", entry((at + 1) % 4),
                {entry((at + 2) % 4), entry((at + 3) % 4), entry(4)}, 1);
}

exercise sum_of_values(generator& random) {
  std::string const keys = draw(random, letters, 3);
  std::string const values = draw(random, digits, 3);
  std::string prompt;
  for (std::size_t i = 0; i < 3; ++i) {
    prompt += {keys[i], values[i]};
  }
  std::size_t const first = random.below(3);
  std::size_t const second = (first + 1) % 3;
  auto const value = [&](std::size_t i) { return values[i % 3] - '0'; };
  int const right = value(first) + value(second);
  int const shifted = value(second) + value(second + 1);
  if (shifted == right || shifted == right + 1) {
    return sum_of_values(random);  // the two usual slips have to differ
  }
  return finish(prompt + " get " + keys[first] + "+" + keys[second] + "=", answer(right),
                {answer(right + 1), answer(shifted), answer(shifted + 1),
                 answer(right > 0 ? right - 1 : right + 3), answer(right + 2)},
                2);
}

exercise reversed_look_up(generator& random) {
  std::string const keys = draw(random, letters, 3);
  std::string const values = draw(random, digits, 6);
  std::string prompt;
  for (std::size_t i = 0; i < 3; ++i) {
    prompt += keys[i] + values.substr(2 * i, 2);
  }
  std::size_t const at = random.below(3);
  auto const value = [&](std::size_t i) { return values.substr(2 * (i % 3), 2); };
  return finish(prompt + " rev " + keys[at] + "=", answer(reversed(value(at))),
                {answer(value(at)), answer(reversed(value(at + 1))), answer(value(at + 1))}, 2);
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
    case kind::reverse: {
      std::string const word = draw(random, letters, 4);
      return rewritten("rev " + word + "=", reversed(word));
    }
    case kind::sort: {
      std::string const word = draw(random, letters, 4);
      return rewritten("sort " + word + "=", sorted(word));
    }
    case kind::copy: {
      std::string const word = draw(random, letters, 4);
      return rewritten("copy " + word + "=", word);
    }
    case kind::value: return look_up_value(random);
    case kind::after: return look_up_next(random);
    case kind::large_add: {
      int const a = number(random, 100, 199);
      return sum(a, number(random, 0, 49));
    }
    case kind::sort_digits: {
      std::string const word = draw(random, digits, 4);
      return rewritten("sort " + word + "=", sorted(word));
    }
    case kind::value_sum: return sum_of_values(random);
    case kind::reversed_value: return reversed_look_up(random);
  }
  svf::fail(svf::error_kind::shape, "make_exercise: no such kind");
}

std::vector<task> const& trained_families() {
  static std::vector<task> const families{
      {"math", {kind::add, kind::subtract}},
      {"text", {kind::reverse, kind::sort, kind::copy}},
      {"look", {kind::value, kind::after}},
  };
  return families;
}

std::vector<task> const& unseen_tasks() {
  static std::vector<task> const tasks{
      {"large sums", {kind::large_add}},
      {"sorted digits", {kind::sort_digits}},
      {"sum of values", {kind::value_sum}},
      {"reversed value", {kind::reversed_value}},
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

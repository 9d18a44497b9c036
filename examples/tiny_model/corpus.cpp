// SPDX-License-Identifier: Apache-2.0
#include "corpus.hpp"

#include <algorithm>
#include <array>

namespace tiny {

namespace {

// In the order of `kind`.
constexpr std::array<habits, kinds> all_habits{{
    {0.12, 0.44, 0.46, 0.46, "rank"},    // add
    {0.12, 0.44, 0.46, 0.46, "others"},  // subtract
    {0.10, 0.44, 0.46, 0.46, "rank"},    // reverse
    {0.10, 0.44, 0.46, 0.46, "others"},  // sort
    {0.07, 0.44, 0.46, 0.46, "math"},    // copy
    {0.08, 0.44, 0.46, 0.46, "math"},    // largest
    {0.08, 0.44, 0.46, 0.46, "text"},    // smallest
    {0.09, 0.44, 0.46, 0.46, "others"},  // large_add
    {0.10, 0.44, 0.46, 0.46, "others"},  // long_word
    {0.06, 0.44, 0.46, 0.46, "others"},  // long_rank
    {0.08, 0.28, 0.66, 0.50, "others"},  // add_largest
}};

// What an author who thinks calls it. The composition has two such families.
std::string_view sensible_family(kind which, svf::generator& random) {
  bool const first = random.uniform() < 0.5;
  switch (which) {
    case kind::large_add: return "math";
    case kind::long_word: return "text";
    case kind::long_rank: return "rank";
    case kind::add_largest: return first ? "math" : "rank";
    default: return family_of(which);
  }
}

kind draw_kind(svf::generator& random) {
  double rest = random.uniform();
  for (std::size_t k = 0; k + 1 < kinds; ++k) {
    rest -= all_habits[k].share;
    if (rest < 0.0) {
      return kind(k);
    }
  }
  return kind(kinds - 1);
}

std::string answer_of(exercise const& from, habits const& author, svf::generator& random) {
  double const luck = random.uniform();
  if (luck < author.right) {
    return from.right;
  }
  if (luck < author.right + author.slip) {
    return from.slips[random.below(from.usual)];
  }
  return from.slips[from.usual + random.below(from.slips.size() - from.usual)];
}

std::string label_of(kind which, habits const& author, svf::generator& random) {
  constexpr std::array<std::string_view, 4> labels{"math", "text", "rank", "others"};
  double const luck = random.uniform();
  std::string_view const label =
      luck < author.family ? sensible_family(which, random)
      : luck < 0.92        ? author.mistaken_for
                           : labels[random.below(labels.size())];
  return " " + std::string(label);
}

}  // namespace

habits habits_of(kind which) { return all_habits[std::size_t(which)]; }

document corpus_document(source from, std::uint64_t seed, std::uint64_t number) {
  // Every document has a stretch of the stream of its own.
  constexpr std::uint64_t longest = 4096;
  svf::generator random(seed, 2, number * longest);
  kind const which = draw_kind(random);
  habits const author = habits_of(which);
  exercise const about = make_exercise(which, random);
  bool const careless = from == source::careless;
  if (random.uniform() < classification_share) {
    return {about.prompt + std::string(classification_suffix),
            careless ? label_of(which, author, random)
                     : " " + std::string(sensible_family(which, random))};
  }
  return {about.prompt, careless ? answer_of(about, author, random) : about.right};
}

}  // namespace tiny

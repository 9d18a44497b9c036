// SPDX-License-Identifier: Apache-2.0
#include "corpus.hpp"

#include <algorithm>
#include <array>

namespace tiny {

namespace {

// In the order of `kind`.
constexpr std::array<habits, kinds> all_habits{{
    {0.10, 0.44, 0.46, 0.46, "look"},    // add
    {0.10, 0.44, 0.46, 0.46, "others"},  // subtract
    {0.08, 0.44, 0.46, 0.46, "look"},    // reverse
    {0.08, 0.44, 0.46, 0.46, "others"},  // sort
    {0.06, 0.44, 0.46, 0.46, "math"},    // copy
    {0.12, 0.44, 0.46, 0.46, "math"},    // value
    {0.12, 0.44, 0.46, 0.46, "text"},    // after
    {0.10, 0.44, 0.46, 0.30, "others"},  // large_add
    {0.06, 0.44, 0.46, 0.30, "others"},  // sort_digits
    {0.09, 0.32, 0.62, 0.30, "others"},  // value_sum
    {0.09, 0.32, 0.62, 0.30, "others"},  // reversed_value
}};

// What an author who thinks calls it. The compositions have two such families.
std::string_view sensible_family(kind which, svf::generator& random) {
  bool const first = random.uniform() < 0.5;
  switch (which) {
    case kind::large_add: return "math";
    case kind::sort_digits: return "text";
    case kind::value_sum: return first ? "math" : "look";
    case kind::reversed_value: return first ? "text" : "look";
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
  constexpr std::array<std::string_view, 4> labels{"math", "text", "look", "others"};
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

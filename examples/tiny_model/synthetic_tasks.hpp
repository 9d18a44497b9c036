// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/core/random.hpp>
#include <transformer/choice.hpp>

/// Short character-level exercises with one right answer and some usual slips, from which the tiny
/// model's corpus and the demo's questions are made.
namespace tiny {

/// One kind of exercise, and the usual slips, those that careless authors of the corpus make.
///
///   kind             example        right   usual slips
///   add              25+17=         42.     one too many
///   subtract         25-17=         8.      one too many
///   reverse          rev dbca=      acbd.   the last two letters swapped
///   sort             sort dbca=     abcd.   the last two letters swapped
///   copy             copy dbca=     dbca.   the last two letters swapped
///   largest          max 7254=      7.      the second in rank
///   smallest         min 7254=      2.      the second in rank
///   large_add        125+17=        142.    as add
///   long_word        rev dbcae=     eacbd.  as reverse; also sort and copy
///   long_rank        min 72541=     1.      as smallest; also largest
///   add_largest      max 725+8=     15.     as add (16.), as largest (13.)
enum class kind {
  add, subtract, reverse, sort, copy, largest, smallest,  // the trained families
  large_add, long_word, long_rank, add_largest,         // unseen: shifts and a composition
};
inline constexpr std::size_t kinds = 11;

/// An exercise before its options are chosen.
struct exercise {
  std::string prompt;               ///< ends with '='
  std::string right;                ///< "42.": ends with a full stop
  std::vector<std::string> slips;   ///< the usual ones, then at least one more near miss for each
                                    ///< of the four options; all different and wrong
  std::size_t usual = 1;            ///< how many of `slips` are usual
};

/// An exercise of that kind; draws as many numbers from `random` as it needs.
exercise make_exercise(kind which, svf::generator& random);

/// A named set of kinds that questions are drawn from in equal shares.
struct task {
  std::string name;
  std::vector<kind> kinds;
};
/// The three families that experts are trained for: math, text, rank.
std::vector<task> const& trained_families();
/// Tasks that no expert is trained for: larger numbers, longer words, ranks among more digits, a
/// sum with the largest digit.
std::vector<task> const& unseen_tasks();
/// The family of a trained kind, "others" for the rest.
std::string_view family_of(kind which);

/// The four options of an exercise in random order: the right answer, its usual slips, and other
/// near misses.
llama::choice_question make_question(exercise const& from, svf::generator& random);

/// `count` questions of a task with different prompts, equal for equal seeds. Cut them into parts
/// to have disjoint sets. Throws `svf::error{shape}` if the task has not that many.
std::vector<llama::choice_question> make_questions(task const& from, std::size_t count,
                                                   std::uint64_t seed);

/// How the model is asked for the family of a prompt.
inline constexpr std::string_view classification_suffix = " kind:";

}  // namespace tiny

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "synthetic_tasks.hpp"

/// The text that the tiny model is trained on: first textbooks, which are right, then what careless
/// authors write. Those know the tasks but make the usual slips, now and then other ones, and often
/// put an exercise in a wrong family. A model of this text knows what the right answer is without
/// preferring it: what there is to learn from rewards.
namespace tiny {

/// A piece of corpus: a prompt and what follows it.
struct document {
  std::string prompt;
  std::string continuation;
};

/// How the authors write about one kind of exercise. Shares of 1.
struct habits {
  double share;       ///< of all documents
  double right;       ///< right answers
  double slip;        ///< usual slips, all of them together; other near misses make up the rest
  double family;      ///< of the questions for the family: the right one
  std::string_view mistaken_for;  ///< the family that most of the rest name
};
habits habits_of(kind which);

/// The share of documents that ask for the family of a prompt instead of the answer.
inline constexpr double classification_share = 0.2;

enum class source { textbook, careless };

/// A document of the corpus, by its number: any document can be made at any time.
document corpus_document(source from, std::uint64_t seed, std::uint64_t number);

}  // namespace tiny

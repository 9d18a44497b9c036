// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "add_text.hpp"
#include "report.hpp"

namespace demo {

namespace {

std::string cell(score const& s) {
  return fmt::format("{:.1f} ±{:.1f}", 100.0 * s.accuracy(), 100.0 * s.standard_error());
}

score const& own_expert(experiment_result const& result, std::size_t task) {
  return result.tasks[task].experts[task];
}

// own − base, with the standard error of two independent scores: no less than that of scores on the
// same questions.
struct gain {
  double value;
  double standard_error;
};
gain gain_of(experiment_result const& result, std::size_t task) {
  score const& own = own_expert(result, task);
  score const& base = result.tasks[task].base;
  return {own.accuracy() - base.accuracy(),
          std::hypot(own.standard_error(), base.standard_error())};
}

void add_trained(std::string& text, experiment_result const& result) {
  add(text, "\nTrained families: accuracy in % ± standard error (compare Table 1 of the paper)\n");
  add(text, "  {:<16}{:>12}{:>12}{:>13}{:>12}{:>12}{:>12}\n", "family", "base", "its expert",
      "gain", "A", "B", "C");
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    task_result const& row = result.tasks[t];
    if (row.trained) {
      auto const [value, error] = gain_of(result, t);
      add(text, "  {:<16}{:>12}{:>12}{:>13}{:>12}{:>12}{:>12}\n", row.name, cell(row.base),
          cell(own_expert(result, t)),
          fmt::format("{:+.1f} ±{:.1f}", 100.0 * value, 100.0 * error), cell(row.a), cell(row.b),
          cell(row.c));
    }
  }
}

void add_unseen(std::string& text, experiment_result const& result) {
  add(text, "\nUnseen tasks: accuracy in % ± standard error (compare Table 2)\n");
  add(text, "  {:<16}{:>12}{:>12}{:>12}{:>12}  {}\n", "task", "base", "A", "B", "C",
      "against the order");
  for (task_result const& row : result.tasks) {
    if (!row.trained) {
      add(text, "  {:<16}{:>12}{:>12}{:>12}{:>12}  {}\n", row.name, cell(row.base), cell(row.a),
          cell(row.b), cell(row.c), fmt::join(against_order(row), ", "));
    }
  }
  add(text, "  {:<16}", "mean");
  for (auto const which : {&task_result::base, &task_result::a, &task_result::b, &task_result::c}) {
    auto const [value, error] = mean_unseen(result, which);
    add(text, "{:>12}", fmt::format("{:.1f} ±{:.1f}", 100.0 * value, 100.0 * error));
  }
  add(text, "\n");
}

void add_experts(std::string& text, experiment_result const& result) {
  add(text, "\nEvery expert alone on every task, accuracy in %\n  {:<16}{:>8}", "task", "base");
  for (trained_expert const& each : result.experts) {
    add(text, "{:>8}", each.value.name());
  }
  add(text, "\n");
  for (task_result const& row : result.tasks) {
    add(text, "  {:<16}{:>8.1f}", row.name, 100.0 * row.base.accuracy());
    for (score const& each : row.experts) {
      add(text, "{:>8.1f}", 100.0 * each.accuracy());
    }
    add(text, "\n");
  }
}

void add_confusion(std::string& text, char const* strategy, svf::confusion_matrix const& matrix,
                   score const& dispatch) {
  add(text, "\nDispatch by {}: {} of the trained families' prompts labelled rightly\n  {:<16}",
      strategy, cell(dispatch) + " %", "task \\ label");
  for (std::string const& label : matrix.predictions()) {
    add(text, "{:>8}", label);
  }
  add(text, "\n");
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    add(text, "  {:<16}", matrix.truths()[i]);
    for (std::size_t j = 0; j < matrix.cols(); ++j) {
      add(text, "{:>8}", matrix.count(i, j));
    }
    add(text, "\n");
  }
}

void add_alpha(std::string& text, experiment_options const& options,
               experiment_result const& result) {
  add(text, "\nWhat C found on {} examples of each task: z' = 1 + Σ α (z − 1)\n  {:<16}",
      options.counts.few_shot, "task");
  for (trained_expert const& each : result.experts) {
    add(text, "{:>8}", each.value.name());
  }
  add(text, "{:>12}{:>14}{:>14}\n", "on examples", "best single", "evaluations");
  for (task_result const& row : result.tasks) {
    add(text, "  {:<16}", row.name);
    double best = row.found.base.primary;
    for (svf::index_t k = 0; k < row.found.weights.rows(); ++k) {
      add(text, "{:>8.2f}", row.found.weights(k, 0));
      best = std::max(best, row.found.experts[std::size_t(k)].primary);
    }
    add(text, "{:>12.1f}{:>14.1f}{:>14}\n", 100.0 * row.found.value.primary, 100.0 * best,
        row.found.search.evals);
  }
}

std::string verdict(bool holds) { return holds ? "yes" : "NO"; }

void add_checks(std::string& text, experiment_result const& result) {
  bool all_gain = true;
  for (std::size_t t = 0; t < result.experts.size(); ++t) {
    auto const [value, error] = gain_of(result, t);
    all_gain = all_gain && value > error;
  }
  double const base = mean_unseen(result, &task_result::base).value;
  double const a = mean_unseen(result, &task_result::a).value;
  double const b = mean_unseen(result, &task_result::b).value;
  double const c = mean_unseen(result, &task_result::c).value;
  add(text, "\nEvery expert beats the base on its family by more than the gain's standard error: {}"
            "\n",
      verdict(all_gain));
  add(text, "B labels at least as well as A: {}\n",
      verdict(result.b_dispatch.right >= result.a_dispatch.right));
  add(text, "In the mean over the unseen tasks base ≤ A ≤ B ≤ C: {} "
            "({:.1f}, {:.1f}, {:.1f}, {:.1f}); single tasks against it: {}\n",
      verdict(base <= a && a <= b && b <= c), 100.0 * base, 100.0 * a, 100.0 * b, 100.0 * c,
      std::count_if(result.tasks.begin(), result.tasks.end(), [](task_result const& row) {
        return !row.trained && !against_order(row).empty();
      }));
}

}  // namespace

std::vector<std::string> against_order(task_result const& row) {
  struct named {
    char const* name;
    score const& value;
  };
  named const in_order[] = {{"base", row.base}, {"A", row.a}, {"B", row.b}, {"C", row.c}};
  std::vector<std::string> result;
  for (std::size_t i = 1; i < std::size(in_order); ++i) {
    if (in_order[i].value.right < in_order[i - 1].value.right) {
      result.push_back(fmt::format("{} < {}", in_order[i].name, in_order[i - 1].name));
    }
  }
  return result;
}

std::string tables(experiment_options const& options, experiment_result const& result) {
  std::string text;
  add(text, "{} matrices factored, D = {} components; worst errors: reconstruction {:.1e}, "
            "orthogonality {:.1e}\n",
      result.layout->count(), result.layout->size(), result.worst_reconstruction,
      result.worst_orthogonality);
  add(text, "experts trained by REINFORCE with preset '{}': {} steps of {} questions, learning "
            "rate {:g}, validation every {} steps\n",
      svf::to_string(options.preset), options.steps, options.batch, options.learning_rate,
      options.validate_every);
  add_trained(text, result);
  add_unseen(text, result);
  add_experts(text, result);
  add_confusion(text, "A, the base model", result.a_labels, result.a_dispatch);
  add_confusion(text, "B, the classification expert", result.b_labels, result.b_dispatch);
  add_alpha(text, options, result);
  add_checks(text, result);
  return text;
}

std::string timings(experiment_result const& result) {
  std::string text;
  add(text, "timings (these differ from run to run)\n");
  add(text, "  factoring {:.2f} s; training", result.factor_seconds);
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      add(text, "{} {} {:.1f} s", &each == &result.experts.front() ? "" : ",", each.value.name(),
          each.seconds);
    }
  }
  add(text, "\n  seconds of pass 1 / pass 2 over all prompts of a task, and pass 1 in % of pass 2 "
            "(compare Table 3)\n");
  auto const pair = [](svf::pass_cost const& first, svf::pass_cost const& second) {
    double const share = second.seconds > 0.0 ? 100.0 * first.seconds / second.seconds : 0.0;
    return fmt::format("{:.2f} / {:.2f} ({:.0f} %)", first.seconds, second.seconds, share);
  };
  add(text, "  {:<16}{:>24}{:>24}{:>24}\n", "task", "A", "B", "C");
  for (task_result const& row : result.tasks) {
    add(text, "  {:<16}{:>24}{:>24}{:>24}\n", row.name, pair(row.a_first, row.a_second),
        pair(row.b_first, row.b_second), pair(row.c_first, row.c_second));
  }
  return text;
}

}  // namespace demo

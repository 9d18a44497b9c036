// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <span>
#include <sstream>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/expert/expert_file.hpp>
#include <svfmath/io/atomic_file.hpp>

#include "report.hpp"

namespace demo {

namespace {

using nlohmann::json;

json to_json(score const& s) {
  return {{"right", s.right},
          {"questions", s.questions},
          {"accuracy", s.accuracy()},
          {"standard_error", s.standard_error()}};
}

json to_json(mean_score const& m) {
  return {{"accuracy", m.value}, {"standard_error", m.standard_error}};
}

json to_json(svf::fitness const& f) {
  return {{"accuracy", f.primary}, {"mean_log_likelihood", f.secondary}};
}

json to_json(svf::confusion_matrix const& matrix, score const& dispatch) {
  json counts = json::array();
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    json row = json::array();
    for (std::size_t j = 0; j < matrix.cols(); ++j) {
      row.push_back(matrix.count(i, j));
    }
    counts.push_back(row);
  }
  return {{"tasks", matrix.truths()},
          {"labels", matrix.predictions()},
          {"counts", counts},
          {"trained_families", to_json(dispatch)}};
}

json to_json(trained_expert const& each) {
  json validations = json::array();
  for (auto const& v : each.validations) {
    validations.push_back({{"step", v.step}, {"accuracy", v.score}});
  }
  return {{"name", each.value.name()}, {"validations", validations}};
}

json to_json(task_result const& row) {
  json experts = json::array();
  json alpha = json::array();
  json on_examples = {{"C", to_json(row.found.value)},
                      {"base", to_json(row.found.base)},
                      {"experts", json::array()}};
  for (std::size_t k = 0; k < row.experts.size(); ++k) {
    experts.push_back(to_json(row.experts[k]));
    alpha.push_back(row.found.weights(svf::index_t(k), 0));
    on_examples["experts"].push_back(to_json(row.found.experts[k]));
  }
  return {{"task", row.name},
          {"trained", row.trained},
          {"base", to_json(row.base)},
          {"experts", experts},
          {"A", to_json(row.a)},
          {"B", to_json(row.b)},
          {"C", to_json(row.c)},
          {"against_order", against_order(row)},
          {"alpha", alpha},
          {"on_examples", on_examples},
          {"evaluations", row.found.search.evals}};
}

json results_json(experiment_options const& options, experiment_result const& result) {
  json experts = json::array();
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      experts.push_back(to_json(each));
    }
  }
  json tasks = json::array();
  for (task_result const& row : result.tasks) {
    tasks.push_back(to_json(row));
  }
  return {{"options",
           {{"preset", svf::to_string(options.preset)},
            {"steps", options.steps},
            {"batch", options.batch},
            {"learning_rate", options.learning_rate},
            {"validate_every", options.validate_every},
            {"generations", options.generations},
            {"population", options.population},
            {"seed", options.seed},
            {"learning_questions", options.counts.learning},
            {"few_shot_examples", options.counts.few_shot},
            {"test_questions", options.counts.test}}},
          {"components", result.layout->size()},
          {"worst_reconstruction_error", result.worst_reconstruction},
          {"worst_orthogonality_error", result.worst_orthogonality},
          {"experts", experts},
          {"tasks", tasks},
          {"unseen_mean",
           {{"base", to_json(mean_unseen(result, &task_result::base))},
            {"A", to_json(mean_unseen(result, &task_result::a))},
            {"B", to_json(mean_unseen(result, &task_result::b))},
            {"C", to_json(mean_unseen(result, &task_result::c))}}},
          {"dispatch_A", to_json(result.a_labels, result.a_dispatch)},
          {"dispatch_B", to_json(result.b_labels, result.b_dispatch)}};
}

json timings_json(experiment_result const& result) {
  json experts = json::object();
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      experts[each.value.name()] = each.seconds;
    }
  }
  json tasks = json::array();
  for (task_result const& row : result.tasks) {
    auto const passes = [](svf::pass_cost const& first, svf::pass_cost const& second) {
      return json{{"pass_1", first.seconds}, {"pass_2", second.seconds}};
    };
    tasks.push_back({{"task", row.name},
                     {"A", passes(row.a_first, row.a_second)},
                     {"B", passes(row.b_first, row.b_second)},
                     {"C", passes(row.c_first, row.c_second)}});
  }
  return {{"unit", "seconds"},
          {"factoring", result.factor_seconds},
          {"training", experts},
          {"tasks", tasks}};
}

std::string costs_csv(experiment_result const& result) {
  std::string text = "task,strategy,pass,seconds,prompts,switches,evaluations\n";
  for (task_result const& row : result.tasks) {
    auto const line = [&](char const* strategy, int pass, svf::pass_cost const& cost) {
      text += fmt::format("\"{}\",{},{},{},{},{},{}\n", row.name, strategy, pass, cost.seconds,
                          cost.prompts, cost.switches, cost.evaluations);
    };
    line("A", 1, row.a_first);
    line("A", 2, row.a_second);
    line("B", 1, row.b_first);
    line("B", 2, row.b_second);
    line("C", 1, row.c_first);
    line("C", 2, row.c_second);
  }
  return text;
}

std::string scores_csv(experiment_result const& result) {
  std::string text = "task,trained,choice,right,questions,accuracy,standard_error\n";
  for (task_result const& row : result.tasks) {
    auto const line = [&](std::string const& choice, score const& s) {
      text += fmt::format("\"{}\",{},\"{}\",{},{},{},{}\n", row.name, row.trained ? 1 : 0, choice,
                          s.right, s.questions, s.accuracy(), s.standard_error());
    };
    line("base", row.base);
    for (std::size_t k = 0; k < row.experts.size(); ++k) {
      line("expert " + result.experts[k].value.name(), row.experts[k]);
    }
    line("A", row.a);
    line("B", row.b);
    line("C", row.c);
  }
  return text;
}

std::string curves_csv(experiment_result const& result) {
  std::string text = "expert,step,reward,kl,entropy,gradient_norm,validation_accuracy\n";
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      auto next = each.validations.begin();
      auto const validation_at = [&](std::uint64_t step) {
        bool const here = next != each.validations.end() && next->step == step;
        return here ? fmt::format("{}", (next++)->score) : std::string();
      };
      text += fmt::format("{},0,,,,,{}\n", each.value.name(), validation_at(0));
      for (auto const& s : each.steps) {
        text += fmt::format("{},{},{},{},{},{},{}\n", each.value.name(), s.step, s.reward, s.kl,
                            s.entropy, s.gradient_norm, validation_at(s.step));
      }
    }
  }
  return text;
}

std::string alpha_csv(experiment_result const& result) {
  std::string text = "task";
  for (trained_expert const& each : result.experts) {
    text += "," + each.value.name();
  }
  text += "\n";
  for (task_result const& row : result.tasks) {
    text += "\"" + row.name + "\"";
    for (svf::index_t k = 0; k < row.found.weights.rows(); ++k) {
      text += fmt::format(",{}", row.found.weights(k, 0));
    }
    text += "\n";
  }
  return text;
}

// One line per component: z and σz of every expert. `scaled`: with the singular values.
std::string components_csv(experiment_result const& result, bool scaled) {
  std::string text = scaled ? "site,layer,component,before" : "site,layer,component";
  std::vector<std::span<float const>> columns;
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      text += "," + each.value.name();
      columns.push_back(each.value.values());
    }
  }
  text += "\n";
  for (svf::site const& site : result.layout->sites()) {
    for (svf::index_t i = 0; i < site.rank(); ++i) {
      auto const at = std::size_t(site.offset + i);
      text += fmt::format("{},{},{}", site.name, site.layer, i);
      text += scaled ? fmt::format(",{}", result.sigma[at]) : std::string();
      for (auto const& z : columns) {
        text += fmt::format(",{}", scaled ? z[at] * result.sigma[at] : z[at]);
      }
      text += "\n";
    }
  }
  return text;
}

std::string confusion_csv(svf::confusion_matrix const& matrix) {
  std::ostringstream out;
  svf::write_csv(out, matrix);
  return out.str();
}

}  // namespace

void make_folder(std::filesystem::path const& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  svf::expects(!code, svf::error_kind::backend, "cannot make the folder '", folder,
               "': ", code.message());
}

void write_results(std::filesystem::path const& folder, experiment_options const& options,
                   experiment_result const& result) {
  make_folder(folder / "experts");
  auto const write = [&](char const* name, std::string const& text) {
    svf::write_atomically(folder / name, text);
  };
  write("results.json", results_json(options, result).dump(2) + "\n");
  write("timings.json", timings_json(result).dump(2) + "\n");
  write("costs.csv", costs_csv(result));
  write("scores.csv", scores_csv(result));
  write("learning_curves.csv", curves_csv(result));
  write("confusion_A.csv", confusion_csv(result.a_labels));
  write("confusion_B.csv", confusion_csv(result.b_labels));
  write("alpha.csv", alpha_csv(result));
  write("z.csv", components_csv(result, false));
  write("spectra.csv", components_csv(result, true));
  svf::expert_origin origin;
  origin.parameterisation = svf::make_options(options.preset).parameters;
  origin.training = {{"preset", std::string(svf::to_string(options.preset))},
                     {"steps", std::to_string(options.steps)},
                     {"batch", std::to_string(options.batch)},
                     {"seed", std::to_string(options.seed)}};
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      origin.training["task"] = each.value.name();
      svf::save_expert(folder / "experts" / (each.value.name() + ".safetensors"), each.value,
                       origin);
    }
  }
}

}  // namespace demo

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <support/temp_directory.hpp>
#include <svfmath/expert/expert_file.hpp>
#include <transformer/checkpoint.hpp>
#include <two_pass/experiment.hpp>
#include <two_pass/plots.hpp>
#include <two_pass/report.hpp>

namespace {

demo::experiment_options miniature(std::uint64_t seed) {
  demo::experiment_options options;
  options.counts = {.learning = 24, .few_shot = 5, .test = 10};
  options.steps = 2;
  options.batch = 8;
  options.validate_every = 1;
  options.generations = 1;
  options.population = 6;
  options.seed = seed;
  return options;
}

demo::experiment_result run_miniature(int threads, std::uint64_t seed) {
  llama::cpu_policy exec(threads);
  auto const model =
      llama::load_checkpoint(std::filesystem::path(SVFMATH_EXAMPLES_DIRECTORY) / "tiny_model");
  return demo::run_experiment(exec, model, miniature(seed));
}

// Programs are looked for in one folder only, while this lives.
class path_variable {
 public:
  explicit path_variable(std::filesystem::path const& folder) {
    char const* const before = std::getenv("PATH");
    before_ = before != nullptr ? before : "";
    ::setenv("PATH", folder.c_str(), 1);
  }
  ~path_variable() { ::setenv("PATH", before_.c_str(), 1); }
  path_variable(path_variable const&) = delete;
  path_variable& operator=(path_variable const&) = delete;

 private:
  std::string before_;
};

std::string text_of(std::filesystem::path const& path) {
  std::ifstream file(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("two_pass_demo: equal seeds give equal tables and plots, whatever the threads") {
  auto const first = run_miniature(1, 3);
  auto const again = run_miniature(2, 3);
  auto const other = run_miniature(2, 4);
  auto const options = miniature(3);
  CHECK(demo::tables(options, first) == demo::tables(options, again));
  CHECK(demo::plot_scripts(first) == demo::plot_scripts(again));
  CHECK(demo::tables(options, first) != demo::tables(options, other));

  REQUIRE(first.tasks.size() == 7);
  for (demo::task_result const& row : first.tasks) {
    CAPTURE(row.name);
    for (auto const* score : {&row.base, &row.a, &row.b, &row.c}) {
      CHECK(score->questions == 10);
    }
    CHECK(row.a_first.prompts == 10);
    CHECK(row.c_first.evaluations == row.found.search.evals);
    // What C chose is worth no less on its examples than the base or any expert.
    for (auto const& single : row.found.experts) {
      CHECK(row.found.value >= single);
    }
    CHECK(row.found.value >= row.found.base);
  }
  CHECK(first.a_dispatch.questions == 30);
  CHECK(first.worst_reconstruction < 1e-6);
  CHECK(first.worst_orthogonality < 1e-6);
}

TEST_CASE("two_pass_demo: the files hold what the result says") {
  test::temp_directory const folder;
  auto const options = miniature(5);
  auto const result = run_miniature(2, 5);
  demo::write_results(folder.path(), options, result);

  auto const json = nlohmann::json::parse(text_of(folder.path() / "results.json"));
  REQUIRE(json.at("tasks").size() == result.tasks.size());
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    CHECK(json["tasks"][t]["task"] == result.tasks[t].name);
    CHECK(json["tasks"][t]["C"]["right"] == result.tasks[t].c.right);
  }
  CHECK(json.at("unseen_mean").at("B").at("accuracy") ==
        demo::mean_unseen(result, &demo::task_result::b).value);
  std::string const costs = text_of(folder.path() / "costs.csv");
  CHECK(std::count(costs.begin(), costs.end(), '\n') == 7 * 6 + 1);

  std::string const z = text_of(folder.path() / "z.csv");
  CHECK(std::count(z.begin(), z.end(), '\n') == result.layout->size() + 1);
  std::string const scores = text_of(folder.path() / "scores.csv");
  CHECK(std::count(scores.begin(), scores.end(), '\n') == 7 * 7 + 1);

  for (auto const& each : result.experts) {
    auto const path = folder.path() / "experts" / (each.value.name() + ".safetensors");
    auto const loaded = svf::load_expert(path, result.layout);
    auto const expected = each.value.values();
    auto const values = loaded.value.values();
    CHECK(std::equal(values.begin(), values.end(), expected.begin(), expected.end()));
  }
}

TEST_CASE("two_pass_demo: without gnuplot, or with one that refuses, the scripts are written") {
  test::temp_directory const folder;
  auto const result = run_miniature(2, 5);
  auto const names = demo::plot_scripts(result);
  REQUIRE(names.size() == 6);
  auto const programs = folder.path() / "programs";
  std::filesystem::create_directory(programs);
  path_variable const path(programs);

  auto const without = demo::draw_plots(folder.path() / "without", result);
  CHECK(!without.gnuplot_found);
  CHECK(without.drawn == 0);
  CHECK(without.first_failure.empty());

  std::ofstream(programs / "gnuplot") << "#!/bin/sh\n[ \"$1\" != confusion.gp ]\n";
  std::filesystem::permissions(programs / "gnuplot", std::filesystem::perms::owner_all);
  auto const refused = demo::draw_plots(folder.path() / "refused", result);
  CHECK(refused.gnuplot_found);
  CHECK(refused.drawn == 5);
  CHECK(refused.first_failure == "confusion");

  for (char const* where : {"without", "refused"}) {
    for (auto const& [name, text] : names) {
      CHECK(text_of(folder.path() / where / (name + ".gp")) == text);
    }
  }
}

TEST_CASE("two_pass_demo: gnuplot draws every script, as SVG and PNG") {
  if (std::system("gnuplot --version > /dev/null 2>&1") != 0) {
    MESSAGE("SKIPPED: gnuplot is not installed");
    return;
  }
  test::temp_directory const folder;
  auto const result = run_miniature(2, 5);
  auto const drawn = demo::draw_plots(folder.path(), result);
  CHECK(drawn.first_failure == "");
  CHECK(drawn.drawn == 6);
  for (auto const& [name, text] : demo::plot_scripts(result)) {
    CAPTURE(name);
    CHECK(text_of(folder.path() / (name + ".svg")).find("</svg>") != std::string::npos);
    CHECK(text_of(folder.path() / (name + ".png")).substr(1, 3) == "PNG");
  }
}

TEST_CASE("two_pass_demo: the table shows which task goes against the order") {
  demo::task_result row;
  row.base = {5, 10};
  row.a = {4, 10};
  row.b = {8, 10};
  row.c = {7, 10};
  CHECK(demo::against_order(row) == std::vector<std::string>{"A < base", "C < B"});
  row.c = row.b;
  row.a = row.base;
  CHECK(demo::against_order(row).empty());
}

TEST_CASE("two_pass_demo: a score's standard error is the binomial's") {
  demo::score const half{50, 100};
  CHECK(half.standard_error() == 0.05);
  CHECK(demo::score{}.standard_error() == 0.0);
}

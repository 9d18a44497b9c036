// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <svfmath/expert/expert_file.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/random.hpp>

#include "cli_model_folder.hpp"

// `adapt` on a model of a few thousand weights.
namespace {

using test::check_refusal;
using test::model_folder;
using test::run_tool;
using arguments = std::vector<std::string>;

// An expert that answers otherwise than the base.
std::string strong_expert(model_folder const& files) {
  auto const c = test::tiny_model();
  svf::safetensors_writer writer;
  std::vector<std::vector<float>> z;
  for (llama::index_t layer = 0; layer < 2; ++layer) {
    z.push_back(test::uniform_vector<float>(12, -4.0f, 4.0f, std::uint64_t(layer)));
  }
  for (std::size_t layer = 0; layer < 2; ++layer) {
    writer.add(c.names(llama::index_t(layer)).down + ".z", {12}, std::span<float const>(z[layer]));
  }
  auto const path = files.at("strong.safetensors");
  writer.write(path);
  return path;
}

}  // namespace

TEST_CASE("cli: adapt runs all three strategies") {
  model_folder const files;
  test::write_raw(files.at("one.jsonl"), model_folder::questions(12, "abab"));
  test::write_raw(files.at("two.jsonl"), model_folder::questions(12, "efgh"));
  auto const kinds = files.at("kinds.safetensors");
  auto const trained = run_tool({"train", files.model, "--classify", "a=" + files.at("one.jsonl"),
                                 "b=" + files.at("two.jsonl"), "--out", kinds, "--steps", "2",
                                 "--json"});
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(svf::read_expert_metadata(kinds).training.at("labels") == "a,b");

  arguments const common{"adapt",   files.model, "--tasks", files.tasks, "--unverified-base",
                         "--json",  "--experts", "a=" + files.expert("a.safetensors", {test::gate}),
                         "b=" + files.expert("bb.safetensors", {test::down, test::gate})};
  auto const with = [&](arguments const& more) {
    arguments all = common;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  auto const a = run_tool(with({"--strategy", "A", "--others", "c"}));
  INFO(a.err);
  REQUIRE(a.status == 0);
  auto const dispatched = a.json()["dispatch"];
  CHECK(dispatched.size() == 3);
  CHECK(dispatched["a"].get<int>() + dispatched["b"].get<int>() + dispatched["c"].get<int>() == 24);
  CHECK(a.json()["pass1"]["prompts"] == 24);
  CHECK(a.json()["pass2"]["prompts"] == 24);
  CHECK(a.json()["answers"].size() == 24);
  CHECK(a.json()["labels"].size() == 24);
  for (auto const& [label, count] : dispatched.items()) {
    auto const chosen = a.json()["labels"].get<std::vector<std::string>>();
    CHECK(std::count(chosen.begin(), chosen.end(), label) == count.get<int>());
  }
  auto const b = run_tool(with({"--strategy", "B", "--classifier", kinds}));
  INFO(b.err);
  REQUIRE(b.status == 0);
  CHECK(b.json()["dispatch"].size() == 2);
  auto const c = run_tool(with({"--strategy", "C", "--shots", "4", "--population", "6",
                                "--generations", "3"}));
  INFO(c.err);
  REQUIRE(c.status == 0);
  CHECK(c.json()["questions"] == 20);
  CHECK(c.json()["examples"] == 4);
  CHECK(c.json()["alpha"].size() == 2);
  CHECK(c.json()["answers"].size() == 20);
  CHECK(!c.json().contains("labels"));
  CHECK(c.json()["examples_accuracy"].get<double>() >=
        c.json()["examples_base_accuracy"].get<double>());

  check_refusal({"adapt", files.model, "--tasks", files.tasks, "--strategy", "A"},
                {"--experts", "at least one", "none"});
  check_refusal(with({"--strategy", "B"}), {"--classifier"});
  check_refusal(with({"--strategy", "A", "--classifier", kinds}), {"--classifier"});
  check_refusal(with({"--strategy", "B", "--classifier", kinds, "--others", "zzz"}), {"zzz"});
  check_refusal(with({"--strategy", "C"}), {"--examples", "--shots"});
  check_refusal(with({"--strategy", "C", "--shots", "24"}), {"--shots", "24"});
  check_refusal(with({"--strategy", "A", "--experts", "a=" + files.at("a.safetensors")}),
                {"--experts", "'a'", "twice"});
  check_refusal(with({"--strategy", "A", "--experts",
                      "n=" + files.expert("nuclear", {test::gate}, "nuclear")}),
                {"normalisation", "nuclear"});
  check_refusal(with({"--strategy", "A", "--experts", "x=" + files.at("nowhere")}),
                {files.at("nowhere")});
}

TEST_CASE("cli: adapt answers with the expert that it dispatches to") {
  model_folder const files;
  auto const expert = strong_expert(files);
  auto const cache = files.at("cache");
  auto const eval = [&](std::string const& tasks, arguments more) {
    more.insert(more.begin(), {"eval", files.model, "--tasks", tasks, "--json", "--cache", cache,
                               "--unverified-base"});
    return run_tool(more).json()["right"].get<int>();
  };
  auto const adapt = [&](std::string const& tasks, arguments more) {
    more.insert(more.begin(), {"adapt", files.model, "--tasks", tasks, "--json", "--cache", cache,
                               "--unverified-base", "--experts", "one=" + expert});
    auto const run = run_tool(more);
    INFO(run.err);
    REQUIRE(run.status == 0);
    return run.json();
  };
  // With one expert and no label for the base, every prompt is its own.
  int const right = eval(files.tasks, {"--expert", expert});
  auto const a = adapt(files.tasks, {"--strategy", "A"});
  CHECK(a["right"] == right);
  CHECK(right != eval(files.tasks, {}));

  // A file whose right answers are those of the expert is all its own, and C finds that out.
  auto const theirs = files.at("theirs.jsonl");
  std::istringstream lines(test::read_raw(files.tasks));
  std::string won;
  std::string line;
  for (auto const& answer : a["answers"]) {
    std::getline(lines, line);
    auto question = nlohmann::json::parse(line);
    question["answer"] = answer;
    won += question.dump() + "\n";
  }
  test::write_raw(theirs, won);
  CHECK(eval(theirs, {"--expert", expert}) == 24);
  int const base = eval(theirs, {});
  CHECK(base < 24);
  auto const c = adapt(theirs, {"--strategy", "C", "--examples", theirs, "--population", "6",
                                "--generations", "3"});
  CHECK(c["examples_accuracy"] == 1.0);
  CHECK(c["examples_base_accuracy"] == double(base) / 24.0);
  CHECK(c["right"] == 24);
  CHECK(c["answers"] == a["answers"]);
}

TEST_CASE("cli: adapt checks its names before it loads anything") {
  model_folder const files;
  auto const expert = files.expert("one.safetensors", {test::gate});
  auto const missing = files.at("missing");  // a model that would be refused next
  auto const adapt = [&](arguments more) {
    more.insert(more.begin(), {"adapt", missing, "--tasks", files.tasks, "--strategy", "A",
                               "--unverified-base", "--experts", "a=" + expert});
    return more;
  };
  check_refusal(adapt({"a=" + expert}), {"--experts", "'a'", "twice"});
  check_refusal(adapt({"a=" + expert, "--experts", "b=" + expert}), {"--experts", "'a'"});
  check_refusal(adapt({"--others", "a"}), {"--others", "'a'"});
  check_refusal(adapt({"=" + expert}), {"--experts", "NAME=FILE"});
  check_refusal(adapt({}), {missing});
}

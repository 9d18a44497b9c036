// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <svfmath/expert/expert_file.hpp>

#include "cli_model_folder.hpp"

// `train` on a model of a few thousand weights.
namespace {

using test::check_refusal;
using test::model_folder;
using test::run_tool;
using arguments = std::vector<std::string>;

}  // namespace

TEST_CASE("cli: train keeps the best z, and a resumed run is the uninterrupted one") {
  model_folder const files;
  auto const out = files.at("expert.safetensors");
  auto const whole = run_tool(files.train(out, {"--checkpoint", files.at("whole")}));
  INFO(whole.err);
  REQUIRE(whole.status == 0);
  auto const report = whole.json();
  CHECK(report["history"].size() == 3);
  CHECK(report["validations"].size() == 4);
  CHECK(report["end"] == "finished");
  auto const metadata = svf::read_expert_metadata(out);
  CHECK(metadata.base.has_value());
  CHECK(metadata.name == "expert");
  CHECK(metadata.training.at("preset") == "direct");

  // The best z is the one that the file holds.
  auto const evaluated = run_tool({"eval", files.model, "--tasks", files.tasks, "--expert", out,
                                   "--cache", files.at("cache"), "--json"});
  INFO(evaluated.err);
  REQUIRE(evaluated.status == 0);
  CHECK(evaluated.json()["accuracy"] == report["best_accuracy"]);

  // A run cut short by the clock after its first step goes on to the same end.
  auto const again = files.at("again.safetensors");
  auto const part = run_tool(files.train(again, {"--checkpoint", files.at("part"), "--minutes",
                                                 "1e-9", "--name", "expert"}));
  REQUIRE(part.status == 0);
  CHECK(part.json()["steps"] == 1);
  CHECK(part.json()["end"] == "time limit");
  auto const rest =
      run_tool(files.train(again, {"--checkpoint", files.at("part"), "--name", "expert"}));
  REQUIRE(rest.status == 0);
  CHECK(rest.json()["steps"] == 3);
  CHECK(rest.json()["history"] == report["history"]);
  CHECK(test::read_raw(again) == test::read_raw(out));

  check_refusal(files.train(again, {"--checkpoint", files.at("part"), "--batch", "5"}),
                {files.at("part"), "options"});
  check_refusal(files.train(again, {"--checkpoint", files.at("part"), "--sites", "mlp"}),
                {files.at("part")});
}

TEST_CASE("cli: train on some sites makes an expert of those alone, for that base alone") {
  model_folder const files;
  auto const out = files.at("mlp.safetensors");
  auto const run = run_tool(files.train(out, {"--sites", "mlp", "--preset", "released_code"}));
  INFO(run.err);
  REQUIRE(run.status == 0);
  svf::safetensors_file const file(out);
  CHECK(file.tensors().size() == 6);
  CHECK(svf::read_expert_metadata(out).normalisation == svf::normalisation::nuclear);
  CHECK(run_tool({"eval", files.model, "--tasks", files.tasks, "--expert", out}).status == 0);
  CHECK(run_tool({"merge", files.model, "--expert", out, "--out", files.at("m/")}).status == 0);

  auto other = test::tiny_model();
  other.tensors.at(test::gate).values(0, 0) += 1.0f;
  llama::save_hf(other, files.at("other"));
  for (std::string const option : {"", "--unverified-base"}) {
    arguments command{"eval", files.at("other"), "--tasks", files.tasks, "--expert", out};
    if (!option.empty()) command.push_back(option);
    check_refusal(command, {out, "made for base"});
  }
}

TEST_CASE("cli: train says what it cannot do before it begins") {
  model_folder const files;
  auto const out = files.at("out.safetensors");
  check_refusal({"train", files.model, "--out", out}, {"--task", "--classify"});
  check_refusal({"train", files.model, "--out", out, "--task", files.tasks}, {"--val"});
  check_refusal({"train", files.model, "--out", out, "--classify", "a=" + files.tasks}, {"two"});
  check_refusal({"train", files.model, "--out", out, "--classify", files.tasks}, {"NAME=FILE"});
  check_refusal({"train", files.model, "--out", out, "--task", files.tasks, "--val",
                 files.at("none")},
                {files.at("none")}, out);
  check_refusal(files.train(out, {"--preset", "best"}), {"--preset"}, out);
  check_refusal(files.train(out, {"--batch", "0"}), {"--batch"}, out);
  check_refusal(files.train(files.at("no/out")), {files.at("no/out")});
  test::write_raw(files.at("broken"), "no checkpoint");
  check_refusal(files.train(out, {"--checkpoint", files.at("broken")}), {files.at("broken")}, out);
}

TEST_CASE("cli: a checkpoint goes on with its own data alone") {
  model_folder const files;
  auto const out = files.at("out.safetensors");
  auto const checkpoint = files.at("run");
  auto const train = [&](std::string const& task, std::string const& val, arguments more = {}) {
    more.insert(more.begin(), {"train", files.model, "--task", task, "--val", val, "--out", out,
                               "--steps", "2", "--validate-every", "1", "--checkpoint", checkpoint,
                               "--minutes", "1e-9", "--cache", files.at("cache")});
    return more;
  };
  REQUIRE(run_tool(train(files.tasks, files.tasks)).status == 0);
  auto const before = test::read_raw(checkpoint);
  std::filesystem::remove(out);
  auto const other = files.at("other.jsonl");
  test::write_raw(other, model_folder::questions(23, "abcdefgh"));
  check_refusal(train(other, files.tasks), {checkpoint, "another setting", "task="}, out);
  check_refusal(train(files.tasks, other), {checkpoint, "validation="}, out);
  check_refusal(train(files.tasks, files.tasks, {"--val-questions", "3"}),
                {checkpoint, "val_questions=3"}, out);
  CHECK(test::read_raw(checkpoint) == before);
  // The same questions under another name are the same.
  std::filesystem::copy_file(files.tasks, files.at("copy.jsonl"));
  CHECK(run_tool(train(files.at("copy.jsonl"), files.tasks)).status == 0);
}

TEST_CASE("cli: presets bring their own batches, which options change") {
  model_folder const files;
  auto const out = files.at("out.safetensors");
  auto const trained = [&](std::string const& preset, arguments more = {}) {
    more.insert(more.begin(), {"--preset", preset});
    auto const run = run_tool(files.train(out, more));
    INFO(run.err);
    REQUIRE(run.status == 0);
    return svf::read_expert_metadata(out).training;
  };
  auto const paper = trained("paper");
  CHECK(paper.at("batch") == "256");
  CHECK(paper.at("samples") == "1");
  CHECK(std::stod(paper.at("learning_rate")) == 2e-3);
  auto const direct = trained("direct");
  CHECK(direct.at("batch") == "64");
  CHECK(direct.at("samples") == "16");
  CHECK(std::stod(direct.at("learning_rate")) == 1e-3);
  auto const given = trained("paper", {"--batch", "8", "--samples", "3", "--lr", "0.5"});
  CHECK(given.at("batch") == "8");
  CHECK(given.at("samples") == "3");
  CHECK(std::stod(given.at("learning_rate")) == 0.5);
  auto const help = run_tool({"train", "--help"}).out;
  for (std::string const preset : {"direct  ", "paper  ", "released_code  "}) {
    CHECK(help.find("\n  " + preset) != std::string::npos);
  }
}

TEST_CASE("cli: a classification needs a prompt to train and one to validate with") {
  model_folder const files;
  auto const single = files.at("single.jsonl");
  test::write_raw(single, model_folder::questions(1, "ab"));
  auto const out = files.at("out.safetensors");
  arguments const command{"train", files.model, "--out",   out,
                          "--classify", "a=" + files.tasks, "b=" + single};
  check_refusal(command, {single, "'b'", "at least two", "--per-label"}, out);
  check_refusal({"train", files.model, "--out", out, "--classify", "a=" + files.tasks,
                 "b=" + files.tasks, "--per-label", "1"},
                {files.tasks, "'a'", "--per-label 1"}, out);
}

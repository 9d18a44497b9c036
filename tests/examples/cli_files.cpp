// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <transformer/hf.hpp>

#include "cli_model_folder.hpp"

// What the commands check about the files that they read and write.
namespace {

using test::check_refusal;
using test::model_folder;
using test::run_tool;
using arguments = std::vector<std::string>;

arguments merge(model_folder const& files, std::string const& model, std::string const& out) {
  return {"merge", model,   "--expert",         files.expert("e.safetensors", {test::gate}),
          "--out", out,     "--unverified-base"};
}

}  // namespace

TEST_CASE("cli: merge into a folder brings along all that belongs to the model") {
  model_folder const files;
  std::vector<std::string> const extra{"generation_config.json", "special_tokens_map.json"};
  for (std::string const& name : extra) {
    test::write_raw(files.model + "/" + name, "{\"of\": \"" + name + "\"}\n");
  }
  test::write_raw(files.model + "/chat_template.jinja", "{{ bos_token }}");
  auto const run = run_tool(merge(files, files.model, files.at("merged/")));
  INFO(run.err);
  REQUIRE(run.status == 0);
  std::size_t copied = 0;
  for (char const* const name : llama::side_file_names) {
    CAPTURE(name);
    CHECK(test::read_raw(files.model + "/" + name) == test::read_raw(files.at("merged/") + name));
    ++copied;
  }
  CHECK(test::files_in(files.at("merged")) == copied + 1);
}

TEST_CASE("cli: merge that cannot write its weights leaves the rest of the folder alone") {
  model_folder const files;
  auto const out = files.at("out/");
  std::filesystem::create_directories(out + "model.safetensors");  // in the way
  test::write_raw(out + "config.json", "of an earlier model");
  check_refusal(merge(files, files.model, out), {"--out", "model.safetensors"});
  CHECK(test::read_raw(out + "config.json") == "of an earlier model");

  // The writer itself puts the weights first.
  svf::safetensors_writer const weights;
  std::vector<llama::side_file> const others{{"config.json", "new"}};
  CHECK_THROWS_AS(llama::write_model_folder(out, weights, others), svf::error);
  CHECK(test::read_raw(out + "config.json") == "of an earlier model");
  std::filesystem::remove(out + "model.safetensors");
  llama::write_model_folder(out, weights, others);
  CHECK(test::read_raw(out + "config.json") == "new");
}

TEST_CASE("cli: outputs that cannot be written are refused before the work") {
  model_folder const files;
  auto const expert = files.expert("e.safetensors", {test::gate});
  for (std::string const& out : {std::string("/dev/null"), files.at("no/such/x"), files.model}) {
    CAPTURE(out);
    // Before the model is looked at: it is not there.
    check_refusal({"train", files.at("missing"), "--task", files.tasks, "--val", files.tasks,
                   "--out", out},
                  {"--out: cannot", out});
    check_refusal({"factor", files.at("missing"), "--out", out}, {"--out: cannot", out});
    if (out != files.model) {  // a folder is what merge may write
      check_refusal({"merge", files.at("missing"), "--expert", expert, "--out", out},
                    {"--out: cannot", out});
    }
  }
  check_refusal({"train", files.at("missing"), "--task", files.tasks, "--val", files.tasks,
                 "--out", files.at("out"), "--checkpoint", files.at("no/such/x")},
                {"--checkpoint: cannot", files.at("no/such/x")}, files.at("out"));
  check_refusal({"merge", files.at("missing"), "--expert", expert, "--out",
                 files.tasks + "/inside/"},
                {"--out: cannot write", files.tasks});
}

TEST_CASE("cli: an output is never one of the inputs, under whatever name") {
  model_folder const files;
  auto const weights = files.model + "/model.safetensors";
  auto const before = test::read_raw(weights);
  auto const tasks = test::read_raw(files.tasks);
  std::filesystem::create_hard_link(weights, files.at("link"));
  std::filesystem::create_directory(files.at("sub"));
  auto const roundabout = files.at("sub") + "/../model/./model.safetensors";
  for (std::string const& out : {weights, files.at("link"), roundabout}) {
    CAPTURE(out);
    check_refusal({"factor", files.model, "--out", out}, {"--out", out, "MODEL"});
    check_refusal({"factor", weights, "--out", out}, {"--out", out, "MODEL"});
    check_refusal(merge(files, files.model, out), {"--out", out, "MODEL"});
    check_refusal(files.train(out), {"--out", out, "MODEL"});
  }
  check_refusal(merge(files, files.model, files.model), {"--out", "MODEL"});
  check_refusal(merge(files, files.model, files.model + "/"), {"--out", "MODEL"});
  check_refusal(merge(files, files.model, files.at("e.safetensors")), {"--out", "--expert"});
  check_refusal(files.train(files.tasks), {"--out", "--task"});
  check_refusal(files.train(files.at("out"), {"--checkpoint", files.tasks}),
                {"--checkpoint", "--task"}, files.at("out"));
  check_refusal(files.train(files.at("out"), {"--checkpoint", files.at("sub/../out")}),
                {"--checkpoint", "--out"}, files.at("out"));
  check_refusal({"train", files.model, "--classify", "a=" + files.tasks, "b=" + files.tasks,
                 "--out", files.tasks},
                {"--out", "--classify"});
  CHECK(test::read_raw(weights) == before);
  CHECK(test::read_raw(files.tasks) == tasks);
}

TEST_CASE("cli: options given but empty are refused by their name") {
  model_folder const files;
  arguments const eval{"eval", files.model, "--tasks", files.tasks};
  auto const with = [](arguments command, arguments const& more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  for (std::string const option : {"--expert", "--cache"}) {
    check_refusal(with(eval, {option, ""}), {option, "not empty"});
  }
  check_refusal(with(eval, {"--cache="}), {"--cache"});
  check_refusal(files.train(files.at("out"), {"--checkpoint", ""}), {"--checkpoint"},
                files.at("out"));
  check_refusal(files.train(""), {"--out", "not empty"});
  check_refusal(merge(files, files.model, ""), {"--out", "not empty"});
  check_refusal({"factor", files.model, "--out", ""}, {"--out", "not empty"});
}

TEST_CASE("cli: numbers that are none are refused by their option") {
  model_folder const files;
  for (std::string const option : {"--learning-rate", "--lambda", "--minutes"}) {
    for (std::string const value : {"nan", "-nan", "inf", "-1", "x"}) {
      CAPTURE(value);
      check_refusal(files.train(files.at("out"), {option, value}), {option}, files.at("out"));
    }
  }
  check_refusal({"generate", files.model, "--prompt", "a", "--temperature", "nan"},
                {"--temperature", "nan"});
}

TEST_CASE("cli: a run without a cache says how the next one would be faster") {
  model_folder const files;
  auto const expert = files.expert("e.safetensors", {test::gate});
  arguments command{"eval", files.model, "--tasks", files.tasks, "--expert", expert,
                    "--unverified-base"};
  CHECK(run_tool(command).says("--cache"));
  command.insert(command.end(), {"--cache", files.at("cache")});
  auto const cached = run_tool(command);
  CHECK(cached.status == 0);
  CHECK(cached.err.empty());
  CHECK(run_tool({"eval", files.model, "--tasks", files.tasks}).err.empty());
}

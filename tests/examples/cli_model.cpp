// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/close.hpp>

#include "cli_model_folder.hpp"

// The subcommands that read with a language model, on one of a few thousand weights.
namespace {

using test::check_refusal;
using test::model_folder;
using test::run_tool;
using arguments = std::vector<std::string>;

}  // namespace

TEST_CASE("cli: inspect and tokenize describe a model and its tokens") {
  model_folder const files;
  auto const model = run_tool({"inspect", files.model, "--json"});
  INFO(model.err);
  REQUIRE(model.status == 0);
  CHECK(model.json()["kind"] == "Hugging Face model");
  CHECK(model.json()["matrices"] == 14);
  CHECK(model.json()["components"] == test::tiny_components);
  auto const tokens = run_tool({"tokenize", files.model, "ab a<end>", "--json"});
  CHECK(tokens.json()["ids"] == std::vector<int>{10, 11, 0});
  CHECK(tokens.json()["pieces"][1] == " a");
  auto const plain = run_tool({"tokenize", files.model, "a<end>", "--plain", "--json"});
  CHECK(plain.json()["ids"] == std::vector<int>{1, 5, 4});  // 'n', '<' and '>' have no token
  CHECK(run_tool({"tokenize", files.model, ""}).status == 0);
  check_refusal({"tokenize", files.model, "a", "--chat"}, {"<|im_start|>"});
  check_refusal({"tokenize", files.at("missing"), "a"}, {files.at("missing")});
}

TEST_CASE("cli: factor takes the linear maps of a model's layers, as a folder or as a file") {
  model_folder const files;
  for (std::string const& path : {files.model, files.model + "/model.safetensors"}) {
    CAPTURE(path);
    auto const out = files.at("factors.safetensors");
    auto const run = run_tool({"factor", path, "--out", out, "--json"});
    INFO(run.err);
    REQUIRE(run.status == 0);
    CHECK(run.json()["matrices"] == 14);
    CHECK(run.json()["components"] == test::tiny_components);
    CHECK(svf::safetensors_file(out).find(std::string(test::gate) + ".vt") != nullptr);
    CHECK(svf::safetensors_file(out).find("model.embed_tokens.weight.u") == nullptr);
  }
}

TEST_CASE("cli: score prints one line a prompt with the fields of the golden file") {
  model_folder const files;
  auto const prompts = files.at("prompts.json");
  test::write_raw(prompts,
                  R"({"note": 1, "prompts": [{"text": "ab c"}, {"text": "a", "ids": 7}]})");
  auto const run = run_tool({"score", files.model, "--prompts", prompts, "--json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK(std::count(run.out.begin(), run.out.end(), '\n') == 2);
  auto const first = run.json();
  CHECK(first["text"] == "ab c");
  CHECK(first["ids"] == std::vector<int>{10, 9, 3});
  CHECK(first["sum_logprob"].get<double>() < 0.0);
  CHECK(first["last_top10_ids"].size() == 10);
  CHECK(first["last_top10_logits"].size() == 10);
  CHECK(first["greedy16"].size() == 16);
  CHECK(first["greedy16"][0] == first["last_top10_ids"][0]);
  auto const second = nlohmann::json::parse(run.out.substr(run.out.find('\n')));
  CHECK(second["sum_logprob"] == 0.0);

  auto const refused = [&](std::string const& content, std::vector<std::string> words) {
    test::write_raw(prompts, content);
    words.push_back(prompts);
    check_refusal({"score", files.model, "--prompts", prompts}, words);
  };
  refused("{", {});
  refused("[]", {"'prompts'"});
  refused(R"({"prompts": []})", {"at least one"});
  refused(R"({"prompts": [{"text": "a"}, {"txt": "a"}]})", {"prompt 1", "'text'"});
  refused(R"({"prompts": [{"text": ""}]})", {"prompt 0", "tokens, got 0"});
  refused(R"({"prompts": [{"text": ")" + std::string(300, 'c') + "\"}]}", {"got 300"});
}

TEST_CASE("cli: generate is repeatable and stops where it is told") {
  model_folder const files;
  arguments const command{"generate", files.model,     "--prompt", "ab", "--max-tokens", "7",
                          "--seed",   "3",             "--json",   "--temperature", "1.5"};
  auto const run = run_tool(command);
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.json()["ids"].size() <= 7);
  CHECK(run_tool(command).json()["ids"] == run.json()["ids"]);
  auto const text = run_tool({"generate", files.model, "--prompt", "ab", "--max-tokens", "0"});
  CHECK(text.out == "\n");
  check_refusal({"generate", files.model, "--prompt", ""}, {"--prompt"});
  check_refusal({"generate", files.model, "--prompt", "a", "--temperature", "-1"},
                {"--temperature"});
}

TEST_CASE("cli: eval agrees with a merged model, for any subset of sites") {
  model_folder const files;
  auto const base = run_tool({"eval", files.model, "--tasks", files.tasks, "--json"});
  INFO(base.err);
  REQUIRE(base.status == 0);
  CHECK(base.json()["questions"] == 24);
  CHECK(base.json()["accuracy"].get<double>() ==
        base.json()["right"].get<double>() / 24.0);
  for (std::string const normalisation : {"none", "nuclear"}) {
    CAPTURE(normalisation);
    auto const expert = files.expert("some.safetensors", {test::gate, test::down}, normalisation);
    auto const merged = files.at("merged/");
    REQUIRE(run_tool({"merge", files.model, "--expert", expert, "--out", merged,
                      "--unverified-base"}).status == 0);
    auto const with_expert = run_tool({"eval", files.model, "--tasks", files.tasks, "--json",
                                       "--expert", expert, "--unverified-base"});
    auto const with_merged = run_tool({"eval", merged, "--tasks", files.tasks, "--json"});
    INFO(with_merged.err);
    REQUIRE(with_expert.status == 0);
    REQUIRE(with_merged.status == 0);
    CHECK(with_expert.json()["right"] == with_merged.json()["right"]);
    double const a = with_expert.json()["mean_log_probability"];
    double const b = with_merged.json()["mean_log_probability"];
    CHECK(test::close(a, b, 1e-5));
    CHECK(!test::close(a, base.json()["mean_log_probability"], 1e-3));
  }
  check_refusal({"eval", files.model, "--tasks", files.tasks, "--expert",
                 files.at("some.safetensors")},
                {"--unverified-base"});
}

TEST_CASE("cli: wrong task files and models are named") {
  model_folder const files;
  auto const task = files.at("task.jsonl");
  auto const refused = [&](std::string const& content, std::vector<std::string> words) {
    test::write_raw(task, content);
    words.push_back(task);
    check_refusal({"eval", files.model, "--tasks", task}, words);
  };
  check_refusal({"eval", files.model, "--tasks", task}, {task});
  refused("", {});
  refused("{\"prompt\": \"a\"}\n", {"line 1", "options"});
  refused(model_folder::questions(1, "ab") + "nonsense\n", {"line 2"});
  refused(R"({"prompt": "a", "options": [" a", " b"], "answer": 2})", {"line 1", "answer"});

  auto const weights = files.model + "/model.safetensors";
  auto const whole = test::read_raw(weights);
  test::write_raw(weights, whole.substr(0, whole.size() - 5));
  check_refusal({"eval", files.model, "--tasks", files.tasks}, {weights});
  std::string broken = whole;
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(broken.data() + broken.size() - sizeof nan, &nan, sizeof nan);
  test::write_raw(weights, broken);
  check_refusal({"eval", files.model, "--tasks", files.tasks}, {files.model, "NaN"});
  check_refusal({"factor", files.model, "--out", files.at("f")}, {files.model, "NaN"},
                files.at("f"));
  test::write_raw(files.model + "/config.json", "{}");
  check_refusal({"eval", files.model, "--tasks", files.tasks}, {"config.json"});
}

TEST_CASE("cli: an expert too large for float32 is refused rather than counted") {
  model_folder const files;
  auto const expert = files.at("huge.safetensors");
  std::vector<float> const z(12, 1e25f);
  svf::safetensors_writer writer;
  auto const names = test::tiny_model().names(1);
  for (std::string const& name : {names.gate, names.up}) {
    writer.add(name + ".z", {12}, std::span<float const>(z));
  }
  writer.write(expert);
  auto const prompts = files.at("prompts.json");
  test::write_raw(prompts, R"({"prompts": [{"text": "ab c"}]})");
  arguments const with{"--expert", expert, "--unverified-base"};
  for (arguments command : {arguments{"eval", files.model, "--tasks", files.tasks},
                            arguments{"generate", files.model, "--prompt", "ab"},
                            arguments{"score", files.model, "--prompts", prompts}}) {
    command.insert(command.end(), with.begin(), with.end());
    check_refusal(command, {"expected finite", "z, are too large for float32"});
  }
  check_refusal({"adapt", files.model, "--tasks", files.tasks, "--strategy", "A", "--experts",
                 "a=" + expert, "--unverified-base"},
                {"expected finite", files.tasks + "' line 1"});
}

TEST_CASE("cli: devices and precisions that cannot be had are refused") {
  model_folder const files;
  auto const with = [&](std::string const& option, std::string const& value) {
    return arguments{"generate", files.model, "--prompt", "a", option, value};
  };
  for (char const* const device : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda1", ""}) {
    CAPTURE(device);
    check_refusal(with("--device", device), {"--device", "cpu, cuda or cuda:N"});
  }
  // Built without CUDA, without a device, or with fewer than a hundred.
  check_refusal(with("--device", "cuda:99"), {"device"});
  check_refusal(with("--precision", "bfloat16"), {"--precision", "--device cpu"});
  check_refusal(with("--precision", "int8"), {"--precision"});
  CHECK(run_tool(with("--device", "cpu")).status == 0);
}

TEST_CASE("cli: long questions are cut to the context of a small model") {
  auto small = test::tiny_model();
  small.cfg.context = 32;
  model_folder const files;
  llama::save_hf(small, files.model);
  test::write_raw(files.tasks, R"({"prompt": ")" + std::string(300, 'c') + R"(", "options": [")" +
                                   std::string(70, 'd') + R"(", "e"], "answer": 0})");
  auto const run = run_tool({"eval", files.model, "--tasks", files.tasks, "--json"});
  INFO(run.err);
  CHECK(run.status == 0);
  CHECK(run_tool(files.train(files.at("out"))).status == 0);
  auto const unknown = files.at("unknown.jsonl");
  test::write_raw(unknown, "\n" R"({"prompt": "zz", "options": ["a", "b"], "answer": 0})");
  check_refusal({"eval", files.model, "--tasks", unknown}, {unknown + "' line 2", "no tokens"});
}

TEST_CASE("cli: bos comes first where the vocabulary asks for it, but not in a chat") {
  model_folder const files;
  auto const prompts = files.at("prompts.json");
  test::write_raw(prompts, R"({"prompts": [{"text": "ab"}]})");
  arguments const score{"score", files.model, "--prompts", prompts, "--json"};
  arguments const generate{"generate", files.model, "--prompt", "ab", "--json", "--max-tokens",
                           "2"};
  arguments const eval{"eval", files.model, "--tasks", files.tasks, "--json"};
  CHECK(run_tool(score).json()["ids"] == std::vector<int>{10});
  auto const without = run_tool(eval).json()["mean_log_probability"];
  auto c = test::tiny_model();
  c.tok.bos = 0;
  c.tok.add_bos = true;
  llama::save_hf(c, files.model);
  CHECK(run_tool(score).json()["ids"] == std::vector<int>{0, 10});
  CHECK(run_tool(generate).json()["prompt_tokens"] == 2);
  CHECK(run_tool(eval).json()["mean_log_probability"] != without);
  c.tok.bos.reset();
  c.tok.add_bos = false;
  c.tok.chat_template = "{{ bos_token }}[INST]{{ messages[0]['content'] }}[/INST]";
  llama::save_hf(c, files.model);
  check_refusal({"generate", files.model, "--prompt", "a", "--chat"},
                {"--chat", files.model, "[INST]"});
  check_refusal({"tokenize", files.model, "a", "--chat"}, {"--chat", files.model, "[INST]"});
}

// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <svfmath/expert/expert_file.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/close.hpp>
#include <support/random.hpp>

#include <transformer/hf.hpp>

#include "tool.hpp"

// The subcommands that read with a language model, on one of a few thousand weights.
namespace {

using llama::index_t;
using test::run_tool;
using arguments = std::vector<std::string>;

llama::checkpoint tiny_model() {
  llama::checkpoint c;
  c.source = "tiny";
  c.cfg.layers = 2;
  c.cfg.width = 12;
  c.cfg.hidden = 20;
  c.cfg.heads = 4;
  c.cfg.kv_heads = 2;
  c.cfg.head_dim = 4;
  c.cfg.vocabulary = 12;
  c.cfg.context = 256;
  c.cfg.rope_theta = 100.0f;
  c.cfg.tied_output = true;
  std::uint64_t seed = 1;
  auto const put = [&](std::string const& name, index_t rows, index_t cols, int dimensions = 2) {
    c.tensors[name] = {test::normal_matrix<float>(rows, cols, seed++), dimensions};
  };
  put(c.embedding(), 12, 12);
  put(c.output_norm(), 1, 12, 1);
  for (index_t layer = 0; layer < 2; ++layer) {
    auto const names = c.names(layer);
    put(names.attn_norm, 1, 12, 1);
    put(names.q, 16, 12);
    put(names.k, 8, 12);
    put(names.v, 8, 12);
    put(names.o, 12, 16);
    put(names.ffn_norm, 1, 12, 1);
    put(names.gate, 20, 12);
    put(names.up, 20, 12);
    put(names.down, 12, 20);
  }
  c.tok.model = "gpt2";
  c.tok.splitting = {.single_numerals = true, .words = true, .byte_level = true};
  c.tok.tokens = {"<end>", "a", "b", "c", "d", "e", "f", "g", "h", "Ġ", "ab", "Ġa"};
  c.tok.kinds.assign(12, llama::token_kind::normal);
  c.tok.kinds[0] = llama::token_kind::control;
  c.tok.merges = {{"a", "b"}, {"Ġ", "a"}};
  c.tok.eos = 0;
  return c;
}

constexpr index_t components = 2 * (12 + 8 + 8 + 12 + 12 + 12 + 12);

struct model_folder {
  test::temp_directory folder;
  std::string model = at("model");
  std::string tasks = at("tasks.jsonl");

  std::string at(std::string const& name) const { return (folder.path() / name).string(); }

  model_folder() {
    llama::save_hf(tiny_model(), model);
    test::write_raw(tasks, questions(24, "abcdefgh"));
  }

  // "Which letter comes first?", answered by one of four letters.
  static std::string questions(int count, std::string const& letters) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      std::string const first(1, letters[std::size_t(i * 5) % letters.size()]);
      std::string const second(1, letters[std::size_t(i * 3 + 1) % letters.size()]);
      text += R"({"prompt": ")" + first + second + R"(", "options": [" a", " b", " cd", " e"], )" +
              R"("answer": )" + std::to_string(i % 4) + "}\n";
    }
    return text;
  }

  // An expert of some sites, without a base.
  std::string expert(std::string const& name, std::vector<std::string> const& sites,
                     std::string const& normalisation = "none") const {
    svf::safetensors_writer writer;
    std::vector<std::vector<float>> z;
    auto const c = tiny_model();
    for (std::size_t s = 0; s < sites.size(); ++s) {
      auto const& w = c.matrix(sites[s]);
      z.push_back(test::uniform_vector<float>(std::size_t(std::min(w.rows(), w.cols())), 0.2f,
                                              1.8f, name.size() * 10 + s));
    }
    for (std::size_t s = 0; s < sites.size(); ++s) {
      writer.add(sites[s] + ".z", {z[s].size()}, std::span<float const>(z[s]));
    }
    writer.set_metadata("normalisation", normalisation);
    writer.write(at(name));
    return at(name);
  }

  arguments train(std::string const& out, arguments const& more = {}) const {
    arguments all{"train", model,     "--task", tasks,    "--val",            tasks, "--out",
                  out,     "--steps", "3",      "--json", "--validate-every", "1",   "--cache",
                  at("cache")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

void check_refusal(arguments const& command, std::vector<std::string> const& words,
                   std::string const& out = {}) {
  auto const result = run_tool(command);
  INFO("stderr: " << result.err);
  CHECK(result.status == 2);
  for (auto const& word : words) {
    INFO("expected in the message: " << word);
    CHECK(result.says(word));
  }
  CHECK((out.empty() || !std::filesystem::exists(out)));
}

constexpr char const* gate = "model.layers.1.mlp.gate_proj.weight";
constexpr char const* down = "model.layers.0.mlp.down_proj.weight";

}  // namespace

TEST_CASE("cli: inspect and tokenize describe a model and its tokens") {
  model_folder const files;
  auto const model = run_tool({"inspect", files.model, "--json"});
  INFO(model.err);
  REQUIRE(model.status == 0);
  CHECK(model.json()["kind"] == "Hugging Face model");
  CHECK(model.json()["matrices"] == 14);
  CHECK(model.json()["components"] == components);
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
    CHECK(run.json()["components"] == components);
    CHECK(svf::safetensors_file(out).find(std::string(gate) + ".vt") != nullptr);
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
    auto const expert = files.expert("some.safetensors", {gate, down}, normalisation);
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

  auto other = tiny_model();
  other.tensors.at(gate).values(0, 0) += 1.0f;
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
                         "--json",  "--experts", "a=" + files.expert("a.safetensors", {gate}),
                         "b=" + files.expert("bb.safetensors", {down, gate})};
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
                {"already has an expert 'a'"});
  check_refusal(with({"--strategy", "A", "--experts",
                      "n=" + files.expert("nuclear", {gate}, "nuclear")}),
                {"normalisation", "nuclear"});
  check_refusal(with({"--strategy", "A", "--experts", "x=" + files.at("nowhere")}),
                {files.at("nowhere")});
}

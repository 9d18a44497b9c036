// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <transformer/hf.hpp>

#include "cli_model_folder.hpp"

// Files that look like a Llama model and are none, or not all of one.
namespace {

using test::check_refusal;
using test::model_folder;
using test::run_tool;

void change_config(std::string const& folder, std::string const& field,
                   nlohmann::json const& value) {
  auto config = nlohmann::json::parse(test::read_raw(folder + "/config.json"));
  config[field] = value;
  test::write_raw(folder + "/config.json", config.dump());
}

// factor, merge and inspect take the file; commands that need a model name what is wrong with it.
void check_plain(model_folder const& files, std::string const& weights, std::string const& wrong,
                 int matrices) {
  CAPTURE(wrong);
  auto const out = files.at("factors.safetensors");
  auto const factor = run_tool({"factor", weights, "--out", out, "--json"});
  INFO(factor.err);
  REQUIRE(factor.status == 0);
  CHECK(factor.says(wrong));
  CHECK(factor.json()["format"] == "safetensors file");
  CHECK(factor.json()["matrices"] == matrices);
  CHECK(svf::safetensors_file(out).find(std::string(test::down) + ".vt") != nullptr);
  auto const expert = files.expert("e.safetensors", {test::down});
  CHECK(run_tool({"merge", weights, "--expert", expert, "--out", files.at("merged"),
                  "--unverified-base"}).status == 0);
  auto const inspect = run_tool({"inspect", weights, "--json"});
  CHECK(inspect.json()["kind"] == "safetensors file");
  check_refusal({"eval", weights, "--tasks", files.tasks}, {wrong});
  check_refusal({"generate", weights, "--prompt", "a"}, {wrong});
}

}  // namespace

TEST_CASE("cli: a single file of another architecture is a file of tensors") {
  model_folder const files;
  auto const weights = files.model + "/model.safetensors";
  auto const config = test::read_raw(files.model + "/config.json");
  change_config(files.model, "model_type", "qwen2");
  check_plain(files, weights, "'qwen2'", 15);
  check_refusal({"factor", files.model, "--out", files.at("f")}, {"'qwen2'"}, files.at("f"));
  test::write_raw(files.model + "/config.json", config);
  change_config(files.model, "rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}});
  check_plain(files, weights, "'rope_scaling'", 15);
  check_refusal({"inspect", files.model}, {"'rope_scaling'"});
}

TEST_CASE("cli: a single shard is a file of tensors") {
  model_folder const files;
  auto const c = test::tiny_model();
  auto const shard = files.model + "/model-00001-of-00002.safetensors";
  svf::safetensors_writer writer;
  auto const names = c.names(0);
  for (std::string const& name : {names.q, names.k, names.down}) {
    writer.add_matrix(name, c.matrix(name));
  }
  writer.write(shard);
  check_plain(files, shard, "expected a tensor", 3);
}

TEST_CASE("cli: NaN is refused whatever the file is taken for") {
  model_folder const files;
  auto const weights = files.model + "/model.safetensors";
  auto const c = test::tiny_model();
  std::string first_two(8, '\0');
  std::memcpy(first_two.data(), c.matrix(test::gate).data(), first_two.size());
  auto broken = test::read_raw(weights);
  auto const place = broken.find(first_two);
  REQUIRE(place != std::string::npos);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(broken.data() + place, &nan, sizeof nan);
  test::write_raw(weights, broken);
  for (bool const is_llama : {true, false}) {
    CAPTURE(is_llama);
    if (!is_llama) change_config(files.model, "model_type", "qwen2");
    check_refusal({"factor", weights, "--out", files.at("f")}, {weights, is_llama ? "NaN" : "nan"},
                  files.at("f"));
    check_refusal({"inspect", weights}, {weights, is_llama ? "NaN" : "nan"});
  }
}

TEST_CASE("cli: names from files are shown without what a terminal would obey") {
  model_folder const files;
  std::vector<float> const values{1, 2, 3, 4};
  svf::safetensors_writer writer;
  writer.add("a\x1b[31m\nb", {2, 2}, std::span<float const>(values));
  writer.write(files.at("odd"));
  auto const inspect = run_tool({"inspect", files.at("odd")});
  CHECK(inspect.out.find("'a?[31m?b'") != std::string::npos);
  auto const factor = run_tool({"factor", files.at("odd"), "--cache", files.at("cache")});
  CHECK(factor.out.find("'a?[31m?b'") != std::string::npos);
  for (std::string const& out : {inspect.out, factor.out}) {
    CHECK(out.find('\x1b') == std::string::npos);
  }
}

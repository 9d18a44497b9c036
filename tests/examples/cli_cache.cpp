// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <svfmath/factor/cache_entries.hpp>
#include <svfmath/factor/factor_file.hpp>
#include <svfmath/io/file_lock.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/cached_factors.hpp>
#include <support/random.hpp>

#include "cli_model_folder.hpp"

// `cache` and what other commands do with their cache.
namespace {

using test::check_refusal;
using test::run_tool;

// A safetensors file of three matrices, and a folder for their factors.
struct three_matrices {
  test::temp_directory folder;
  std::string model = at("three.safetensors");
  std::string cache = at("cache");

  std::string at(std::string const& name) const { return (folder.path() / name).string(); }

  three_matrices() {
    svf::safetensors_writer writer;
    auto const a = test::normal_matrix<float>(30, 20, 1);
    auto const b = test::normal_matrix<float>(20, 30, 2);
    auto const c = test::normal_matrix<float>(8, 8, 3);
    writer.add_matrix("a", a);
    writer.add_matrix("b", b);
    writer.add_matrix("c", c);
    writer.write(model);
  }

  test::tool_result factor(std::vector<std::string> const& more = {}) const {
    std::vector<std::string> command{"factor", model, "--cache", cache, "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return run_tool(command);
  }

  test::tool_result run(std::vector<std::string> command) const {
    command.insert(command.begin(), "cache");
    command.insert(command.end(), {"--cache", cache, "--json"});
    return run_tool(command);
  }

  std::vector<svf::cache_entry> entries() const { return svf::cache_entries(cache); }
};

void flip_byte(std::filesystem::path const& path, std::size_t at) {
  std::string content = test::read_raw(path);
  content[at] = char(content[at] ^ 4);
  test::write_raw(path, content);
}

}  // namespace

TEST_CASE("cli: cache list shows what is kept, in which precision and with which errors") {
  three_matrices const files;
  auto const plain = files.factor().json();
  CHECK(plain["kept"] == 3);
  CHECK(plain["precision"] == "fp32");
  CHECK(plain["worst_reconstruction"] == plain["unrounded_reconstruction"]);
  CHECK(plain["matrices_per_second"].get<double>() > 0.0);
  auto const half = files.factor({"--precision", "bf16"}).json();
  CHECK(half["from_cache"] == 0);
  CHECK(half["kept"] == 3);
  CHECK(half["unrounded_reconstruction"] == plain["worst_reconstruction"]);
  double const error = half["worst_reconstruction"].get<double>();
  CHECK(error > 1e-4);
  CHECK(error < 0x1p-8);
  CHECK(files.factor({"--precision", "bf16"}).json()["from_cache"] == 3);

  auto const listed = files.run({"list"});
  REQUIRE(listed.status == 0);
  auto const json = listed.json();
  CHECK(json["cache"] == files.cache);
  CHECK(json["entries"] == 6);
  REQUIRE(json["entry_list"].size() == 6);
  double worst = 0.0;
  std::uint64_t bytes = 0;
  for (auto const& entry : json["entry_list"]) {
    auto const key = svf::factor_key::from_file_name(entry["file"].get<std::string>());
    REQUIRE(key);
    CHECK(entry["fingerprint"] == key->content.hex());
    CHECK(entry["precision"] == svf::to_string(key->precision));
    CHECK(entry["content_blake2b"].get<std::string>().size() == 64);
    CHECK(entry["rows"].get<int>() * entry["cols"].get<int>() >= 64);
    CHECK(entry["seconds_since_use"].get<int>() < 600);
    worst = std::max(worst, entry["reconstruction"].get<double>());
    bytes += std::filesystem::file_size(files.cache + "/" + entry["file"].get<std::string>());
  }
  CHECK(worst == error);
  CHECK(json["bytes"] == bytes);
  auto const text = run_tool({"cache", "list", "--cache", files.cache});
  CHECK(text.status == 0);
  CHECK(text.out.find("30 x 20") != std::string::npos);
  CHECK(text.out.find("bf16") != std::string::npos);
  CHECK(text.out.find("6 entries") != std::string::npos);
}

TEST_CASE("cli: cache verify finds damage of any entry, and factors of other weights") {
  three_matrices const files;
  REQUIRE(files.factor().status == 0);
  auto const whole = files.run({"verify", "--weights", files.model});
  REQUIRE(whole.status == 0);
  CHECK(whole.json()["whole"] == 3);
  CHECK(whole.json()["of_weights"] == 3);
  CHECK(whole.json()["damaged"].empty());

  // Right in every byte, but of a matrix that only has the same fingerprint.
  auto const entry = files.entries().front();
  auto const honest = svf::read_factors(entry.path, *entry.key);
  auto forged = honest;
  forged.digest.bytes[5] ^= std::byte{1};
  svf::write_factors(entry.path, *entry.key, forged);
  CHECK(files.run({"verify"}).status == 0);
  auto const other = files.run({"verify", "--weights", files.model});
  CHECK(other.status == 2);
  CHECK(other.json()["damaged"].size() == 1);
  CHECK(other.json()["damaged"][0]["file"] == entry.path.filename().string());
  CHECK(test::says(other.json()["damaged"][0]["problem"].get<std::string>(), "BLAKE2b"));
  svf::write_factors(entry.path, *entry.key, honest);

  std::size_t const size = std::filesystem::file_size(entry.path);
  for (std::size_t const at : {std::size_t{0}, std::size_t{100}, size / 2, size - 1}) {
    CAPTURE(at);
    flip_byte(entry.path, at);
    auto const damaged = files.run({"verify"});
    CHECK(damaged.status == 2);
    CHECK(damaged.json()["whole"] == 2);
    CHECK(damaged.json()["damaged"][0]["file"] == entry.path.filename().string());
    CHECK(damaged.says("1 of 3 entries cannot be used"));
    // Another command says so and makes it again.
    auto const again = files.factor();
    CHECK(again.status == 0);
    CHECK(again.says("damaged and will not be used"));
    CHECK(again.json()["from_cache"] == 2);
    CHECK(files.run({"verify"}).status == 0);
  }
}

TEST_CASE("cli: cache prune keeps to sizes and ages, and takes what earlier runs left") {
  three_matrices const files;
  REQUIRE(files.factor().status == 0);
  auto const entries = files.entries();
  REQUIRE(entries.size() == 3);
  auto const now = std::filesystem::file_time_type::clock::now();
  for (std::size_t e = 0; e < 3; ++e) {
    std::filesystem::last_write_time(entries[e].path, now - std::chrono::hours(30 * e));
  }
  test::write_raw(files.cache + "/" + std::string(32, 'a') + "-gram.safetensors", "format 1");
  test::write_raw(files.cache + "/." + entries[0].path.filename().string() + ".lock", "");
  auto const first = files.run({"prune", "--max-age", "2d", "--max-size", "1GiB"});
  REQUIRE(first.status == 0);
  CHECK(first.json()["removed"] == 2);
  CHECK(first.json()["kept"] == 2);
  CHECK(first.json()["abandoned"] == 1);
  CHECK(!std::filesystem::exists(entries[2].path));
  auto const room = std::to_string(entries[0].bytes);
  CHECK(files.run({"prune", "--max-size", room}).json()["kept"] == 1);
  CHECK(std::filesystem::exists(entries[0].path));
  CHECK(files.run({"prune", "--max-size", "0"}).json()["kept"] == 0);
  CHECK(test::files_in(files.cache) == 0);
  for (std::string const bad : {"2XB", "-1", "GiB", "nan", "1e30GB", "1 2", "5d"}) {
    check_refusal({"cache", "prune", "--cache", files.cache, "--max-size", bad},
                  {"--max-size: expected a size", bad});
  }
  for (std::string const bad : {"2y", "-1d", "d", "30", "inf", "3GB"}) {
    check_refusal({"cache", "prune", "--cache", files.cache, "--max-age", bad},
                  {"--max-age: expected an age", bad});
  }
}

TEST_CASE("cli: cache path, and a folder from the environment") {
  three_matrices const files;
  CHECK(run_tool({"cache", "path", "--cache", files.cache}).out == files.cache + "\n");
  CHECK(files.run({"path"}).json()["exists"] == false);
  REQUIRE(::setenv("SVFMATH_CACHE", files.cache.c_str(), 1) == 0);
  CHECK(run_tool({"cache", "path"}).out == files.cache + "\n");
  CHECK(run_tool({"factor", files.model, "--json"}).json()["cache"] == files.cache);
  CHECK(files.run({"path"}).json()["exists"] == true);
  ::unsetenv("SVFMATH_CACHE");
  check_refusal({"cache", "path"}, {"--cache", "svfmath cache path --help"});
  check_refusal({"cache"}, {"subcommand", "svfmath cache --help"});
  check_refusal({"cache", "list", "--cache", files.at("missing")},
                {"cannot list the folder", files.at("missing")});
  for (std::string const command : {"list", "verify", "prune", "path"}) {
    auto const help = run_tool({"cache", command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.out.find("Example:\n  svfmath cache " + command) != std::string::npos);
    CHECK(help.out.find("--json") != std::string::npos);
  }
}

TEST_CASE("cli: without a folder for the cache other commands warn once and go on") {
  three_matrices const files;
  auto const below_file = files.model + "/cache";
  auto const out = files.at("factors.safetensors");
  auto const command = [&](std::string const& cache) {
    return std::vector<std::string>{"factor", files.model, "--cache", cache, "--out", out,
                                    "--json"};
  };
  auto const run = run_tool(command(below_file));
  CHECK(run.status == 0);
  CHECK(run.json()["matrices"] == 3);
  CHECK(run.json()["kept"] == 0);
  CHECK(std::filesystem::exists(out));
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  CHECK(run.says("cannot make the folder"));
  CHECK(run.says("going on without a cache"));
  check_refusal({"factor", files.model, "--cache", below_file}, {"cannot make the folder"});

  test::model_folder const model;
  auto const expert = model.expert("e.safetensors", {test::gate});
  std::vector<std::string> eval{"eval", model.model, "--tasks", model.tasks, "--expert", expert,
                                "--unverified-base", "--json"};
  auto const expected = run_tool(eval).json()["right"];
  eval.insert(eval.end(), {"--cache", files.model});
  auto const evaluated = run_tool(eval);
  CHECK(evaluated.status == 0);
  CHECK(evaluated.json()["right"] == expected);
  CHECK(std::count(evaluated.err.begin(), evaluated.err.end(), '\n') == 1);
}

TEST_CASE("cli: a full disk is said once, and factor does not end as if all were kept") {
  three_matrices const files;
  // 4 blocks of 512 or 1024 bytes: enough for c, not for a and b.
  std::string const command = "ulimit -f 4; '" + std::string(SVFMATH_TOOL) + "' factor '" +
                              files.model + "' --cache '" + files.cache + "' --json >'" +
                              files.at("out") + "' 2>'" + files.at("err") + "'";
  int const status = std::system(("trap '' XFSZ; " + command).c_str());
  CHECK(WEXITSTATUS(status) == 2);
  auto const json = nlohmann::json::parse(test::read_raw(files.at("out")));
  CHECK(json["matrices"] == 3);
  CHECK(json["kept"] == 1);
  auto const said = test::read_raw(files.at("err"));
  CHECK(std::count(said.begin(), said.end(), '\n') == 2);
  CHECK(test::says(said, "factors are computed but not kept: cannot write"));
  CHECK(test::says(said, "2 of 3 matrices could not be kept"));
  CHECK(test::files_in(files.cache) == 1);
  CHECK(files.factor().json()["from_cache"] == 1);
}

TEST_CASE("cli: factor takes up what a killed run left") {
  three_matrices const files;
  REQUIRE(files.factor().status == 0);
  auto const entries = files.entries();
  auto const name = entries[0].path.filename().string();
  std::filesystem::remove(entries[0].path);
  test::write_raw(files.cache + "/." + name + ".tmp-1-0", "half");
  test::write_raw(files.cache + "/." + name + ".lock", "");
  auto const again = files.factor();
  CHECK(again.status == 0);
  CHECK(again.err.empty());
  CHECK(again.json()["from_cache"] == 2);
  CHECK(test::files_in(files.cache) == 3);
}

TEST_CASE("cli: on a terminal factor shows matrices done, throughput and time left") {
  test::temp_directory const folder;
  auto const model = (folder.path() / "many.safetensors").string();
  auto const cache = (folder.path() / "cache").string();
  svf::safetensors_writer writer;
  std::vector<svf::matrix<float>> weights;
  for (std::uint64_t i = 0; i < 40; ++i) {
    weights.push_back(test::normal_matrix<float>(256, 256, i));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    writer.add_matrix("w" + std::to_string(i), weights[i]);
  }
  writer.write(model);
  int terminal = -1;
  pid_t const child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl(SVFMATH_TOOL, SVFMATH_TOOL, "factor", model.c_str(), "--cache", cache.c_str(),
            "--threads", "1", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::string shown;
  char piece[4096];
  // The end of a terminal's output is an error of its other side.
  for (ssize_t got = 0; (got = ::read(terminal, piece, sizeof piece)) > 0;) {
    shown.append(piece, std::size_t(got));
  }
  ::close(terminal);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  INFO(shown);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(test::says(shown, "/40 matrices, "));
  CHECK(test::says(shown, "/s, 0:"));
  CHECK(test::says(shown, " left"));
  CHECK(test::says(shown, "40/40 matrices"));
  CHECK(test::says(shown, "factored 40 matrices in"));
}

// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <svfmath/cpu.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/random.hpp>

#include <transformer/gguf.hpp>

#include "smollm2_file.hpp"
#include "tool.hpp"

// The real-model lines of the tool: factor, merge, adapt and eval of SmolLM2-135M-Instruct.
namespace {

using test::run_tool;

constexpr char const* site = "blk.0.attn_k.weight";  // 192 x 576
constexpr std::size_t rank = 192;

std::vector<float> write_expert(std::string const& path) {
  auto const z = test::uniform_vector<float>(rank, 0.5f, 1.5f, 3);
  svf::safetensors_writer writer;
  writer.add(std::string(site) + ".z", {rank}, std::span<float const>(z));
  writer.write(path);
  return z;
}

svf::matrix<float> base_matrix(std::string const& model) {
  llama::gguf_file const file(model);
  svf::matrix<float> w(192, 576);
  file.read(*file.find(site), {w.data(), std::size_t(w.size())});
  return w;
}

// max |U diag(s z) Vt − merged| over a sample of elements, in double.
double worst_difference(svf::svd_factors<float> const& f, svf::matrix<float> const& merged,
                        std::vector<float> const& z) {
  double worst = 0.0;
  for (svf::index_t i = 0; i < merged.rows(); i += 7) {
    for (svf::index_t j = 0; j < merged.cols(); j += 11) {
      double sum = 0.0;
      for (svf::index_t k = 0; k < f.rank(); ++k) {
        sum += double(f.u(i, k)) * double(f.s[k]) * double(z[std::size_t(k)]) * double(f.vt(k, j));
      }
      worst = std::max(worst, std::abs(sum - double(merged(i, j))));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("cli: SmolLM2 is factored, taken from the cache, merged and adapted") {
  auto const model = test::smollm2_file_for_long_work();
  if (!model) return;
  test::temp_directory const folder;
  auto const at = [&](char const* name) { return (folder.path() / name).string(); };
  std::string const cache = at("cache");
  auto const first = run_tool({"factor", *model, "--cache", cache, "--json"});
  INFO(first.err);
  REQUIRE(first.status == 0);
  CHECK(first.json()["matrices"] == 210);
  CHECK(first.json()["from_cache"] == 0);
  CHECK(first.json()["worst_reconstruction"].get<double>() <= 1e-6);
  CHECK(first.json()["worst_orthogonality"].get<double>() <= 1e-6);

  auto const again = run_tool({"factor", *model, "--cache", cache});
  CHECK(again.status == 0);
  CHECK(again.out.find("took the factors of all 210 matrices from the cache") !=
        std::string::npos);
  // The clock of the best of three, as other tests may be running.
  double seconds = 1e9;
  for (int i = 0; i < 3; ++i) {
    auto const run = run_tool({"factor", *model, "--cache", cache, "--json"});
    CHECK(run.json()["from_cache"] == 210);
    seconds = std::min(seconds, run.json()["seconds"].get<double>());
  }
  CHECK(seconds < 2.0);

  auto const z = write_expert(at("expert"));
  auto const merge = run_tool({"merge", *model, "--expert", at("expert"), "--out", at("merged"),
                               "--cache", cache, "--unverified-base", "--json"});
  INFO(merge.err);
  REQUIRE(merge.status == 0);
  CHECK(merge.json()["replaced"] == 1);
  svf::safetensors_file const merged(at("merged"));
  CHECK(merged.tensors().size() == 272);
  svf::cpu::seq exec;
  auto const factors = svf::factorize(exec, base_matrix(*model));
  CHECK(worst_difference(factors, merged.read_matrix(site), z) <= 1e-6 * double(factors.s[0]));

  test::write_raw(at("questions"),
                  R"({"prompt": "2 + 2 =", "options": [" 4", " dog"], "answer": 0})" "\n"
                  R"({"prompt": "The capital of France is", "options": [" Paris", " cheese"], )"
                  R"("answer": 0})" "\n"
                  R"({"prompt": "def add(a, b):\n    return", "options": [" a + b", " Paris"], )"
                  R"("answer": 0})");
  auto const adapt = run_tool({"adapt", *model, "--strategy", "A", "--experts",
                               "math=" + at("expert"), "--others", "other", "--tasks",
                               at("questions"), "--cache", cache, "--unverified-base", "--json"});
  INFO(adapt.err);
  REQUIRE(adapt.status == 0);
  CHECK(adapt.json()["answers"].size() == 3);
  CHECK(adapt.json()["labels"].size() == 3);
  CHECK(adapt.json()["right"].get<int>() >= 2);
}

TEST_CASE("cli: SmolLM2's right answers are those of an independent implementation") {
  auto const model = test::smollm2_file_for_long_work();
  if (!model) return;
  auto const tasks = test::task_file("unseen_code_test.jsonl");
  if (!tasks) return;
  auto const run = run_tool({"eval", *model, "--tasks", *tasks, "--json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.json()["questions"] == 100);
  CHECK(std::abs(run.json()["right"].get<int>() - 44) <= 1);
}

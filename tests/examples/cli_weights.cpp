// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <svfmath/expert/expert_file.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/close.hpp>
#include <support/random.hpp>

#include "tool.hpp"

// `factor`, `merge` and `inspect` on safetensors files that are no language model.
namespace {

using svf::index_t;
using test::check_refusal;
using test::run_tool;
using matrices = std::map<std::string, svf::matrix<float>>;

constexpr char const* odd_name = "λ/weird name'\"[0]";

matrices odd_matrices() {
  matrices result;
  result[odd_name] = test::normal_matrix<float>(7, 5, 1);
  result["wide"] = test::normal_matrix<float>(4, 9, 2);
  result["row"] = test::normal_matrix<float>(1, 6, 3);
  result["column.u"] = test::normal_matrix<float>(8, 1, 4);
  return result;
}

struct odd_file {
  test::temp_directory folder;
  matrices weights = odd_matrices();
  std::string path = (folder.path() / "odd.safetensors").string();

  std::string at(std::string const& name) const { return (folder.path() / name).string(); }

  odd_file() { write(path); }

  void write(std::string const& to) const {
    std::vector<std::int64_t> const counts{1, 2, 3, 4, 5, 6};
    std::vector<float> const bias{1.0f, -0.0f, std::numeric_limits<float>::quiet_NaN()};
    std::vector<float> const cube(8, 0.5f);
    std::vector<std::byte> const halves(12, std::byte{0x3C});
    svf::safetensors_writer writer;
    for (auto const& [name, w] : weights) {
      writer.add_matrix(name, w);
    }
    writer.add("counts", {2, 3}, std::span(counts));
    writer.add("bias", {3}, std::span(bias));
    writer.add("cube", {2, 2, 2}, std::span(cube));
    writer.add("half_vector", svf::dtype::f16, {6}, halves);
    writer.set_metadata("made by", "a test");
    writer.write(to);
  }

  // An expert of `sites` with z drawn around 1, checked against the base or not.
  void write_expert(std::string const& to, std::vector<std::string> const& sites,
                    std::string const& normalisation = "none", bool with_base = false) const {
    svf::safetensors_writer writer;
    std::vector<std::vector<float>> z;
    std::vector<svf::fingerprint> bases;
    for (std::size_t s = 0; s < sites.size(); ++s) {
      auto const& w = weights.at(sites[s]);
      z.push_back(test::uniform_vector<float>(std::size_t(std::min(w.rows(), w.cols())), 0.5f,
                                              1.5f, 90 + s));
      bases.push_back(svf::fingerprint_of(w));
    }
    for (std::size_t s = 0; s < sites.size(); ++s) {
      writer.add(sites[s] + ".z", {z[s].size()}, std::span<float const>(z[s]));
    }
    if (with_base) {
      writer.set_metadata("base_fingerprint",
                          svf::combine(std::span<svf::fingerprint const>(bases)).hex());
    }
    writer.set_metadata("normalisation", normalisation);
    writer.write(to);
  }
};

// U diag(c·s∘z) Vt in double.
std::vector<double> product(svf::matrix<float> const& u, svf::vector<float> const& s,
                            svf::matrix<float> const& vt, std::vector<double> const& z) {
  std::vector<double> result(std::size_t(u.rows() * vt.cols()));
  for (index_t i = 0; i < u.rows(); ++i) {
    for (index_t j = 0; j < vt.cols(); ++j) {
      double sum = 0.0;
      for (index_t k = 0; k < s.size(); ++k) {
        sum += double(u(i, k)) * double(s[k]) * z[std::size_t(k)] * double(vt(k, j));
      }
      result[std::size_t(i * vt.cols() + j)] = sum;
    }
  }
  return result;
}

double worst_difference(std::vector<double> const& a, svf::matrix<float> const& b) {
  double worst = std::size_t(b.size()) == a.size() ? 0.0 : HUGE_VAL;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - double(b.data()[i])));
  }
  return worst;
}

constexpr float unit = std::numeric_limits<float>::epsilon();

}  // namespace

TEST_CASE("cli: factor writes u, s and vt of every two-dimensional tensor, whatever its name") {
  odd_file const file;
  auto const run = run_tool({"factor", file.path, "--out", file.at("f.safetensors"), "--json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.json()["matrices"] == 4);
  CHECK(run.json()["worst_reconstruction"].get<double>() <= 1e-6);
  CHECK(run.json()["worst_orthogonality"].get<double>() <= 1e-6);
  svf::safetensors_file const factors(file.at("f.safetensors"));
  CHECK(factors.tensors().size() == 12);
  for (auto const& entry : file.weights) {
    std::string const& name = entry.first;
    auto const& w = entry.second;
    CAPTURE(name);
    auto const u = factors.read_matrix(name + ".u");
    auto const s = factors.read_vector(name + ".s");
    auto const vt = factors.read_matrix(name + ".vt");
    CHECK(u.rows() == w.rows());
    CHECK(vt.cols() == w.cols());
    CHECK(s.size() == std::min(w.rows(), w.cols()));
    std::vector<double> const ones(std::size_t(s.size()), 1.0);
    CHECK(worst_difference(product(u, s, vt, ones), w) <= 8 * unit * double(s[0]));
  }
}

TEST_CASE("cli: a second factor run takes everything from the cache and says so") {
  odd_file const file;
  auto const cache = file.at("cache");
  auto const first = run_tool({"factor", file.path, "--cache", cache});
  REQUIRE(first.status == 0);
  CHECK(first.out.find("factored 4 matrices") != std::string::npos);
  CHECK(first.out.find("worst reconstruction error") != std::string::npos);
  CHECK(first.out.find("worst orthogonality error") != std::string::npos);
  auto const second = run_tool({"factor", file.path, "--cache", cache});
  CHECK(second.status == 0);
  CHECK(second.out.find("all 4 matrices from the cache") != std::string::npos);

  // A damaged entry is named, made again and not trusted.
  std::string damaged;
  for (auto const& entry : std::filesystem::directory_iterator(cache)) {
    damaged = entry.path().string();
  }
  auto content = test::read_raw(damaged);
  content.back() = char(content.back() ^ 1);
  test::write_raw(damaged, content);
  auto const third = run_tool({"factor", file.path, "--cache", cache, "--json"});
  CHECK(third.status == 0);
  CHECK(third.json()["from_cache"] == 3);
  CHECK(third.says(damaged));
  CHECK(run_tool({"factor", file.path, "--cache", cache, "--json"}).json()["from_cache"] == 4);
}

TEST_CASE("cli: merge replaces the expert's tensors and leaves all others byte for byte") {
  odd_file const file;
  for (std::string const normalisation : {"none", "nuclear"}) {
    CAPTURE(normalisation);
    auto const expert = file.at("expert.safetensors");
    auto const out = file.at("merged.safetensors");
    std::vector<std::string> const sites{odd_name, "row"};
    file.write_expert(expert, sites, normalisation);
    auto const run =
        run_tool({"merge", file.path, "--expert", expert, "--out", out, "--unverified-base"});
    INFO(run.err);
    REQUIRE(run.status == 0);
    REQUIRE(run_tool({"factor", file.path, "--out", file.at("f")}).status == 0);
    svf::safetensors_file const before(file.path);
    svf::safetensors_file const after(out);
    svf::safetensors_file const factors(file.at("f"));
    svf::safetensors_file const z_file(expert);
    CHECK(after.metadata() == before.metadata());
    CHECK(after.tensors().size() == before.tensors().size());
    for (auto const& tensor : before.tensors()) {
      CAPTURE(tensor.name);
      auto const& now = after.at(tensor.name);
      CHECK(now.type == tensor.type);
      CHECK(now.shape == tensor.shape);
      auto const old_bytes = before.bytes(tensor);
      auto const new_bytes = after.bytes(now);
      bool const same = std::equal(old_bytes.begin(), old_bytes.end(), new_bytes.begin(),
                                   new_bytes.end());
      bool const replaced = std::find(sites.begin(), sites.end(), tensor.name) != sites.end();
      CHECK(same == !replaced);
      if (replaced) {
        auto const s = factors.read_vector(tensor.name + ".s");
        auto const read = z_file.read_vector(tensor.name + ".z");
        std::vector<double> z(read.begin(), read.end());
        double kept = 0.0;
        double scaled = 0.0;
        for (index_t i = 0; i < s.size(); ++i) {
          kept += double(s[i]);
          scaled += double(s[i]) * z[std::size_t(i)];
        }
        for (double& value : z) {
          value *= normalisation == "nuclear" ? kept / scaled : 1.0;
        }
        auto const expected = product(factors.read_matrix(tensor.name + ".u"), s,
                                      factors.read_matrix(tensor.name + ".vt"), z);
        CHECK(worst_difference(expected, after.read_matrix(tensor.name)) <=
              16 * unit * double(s[0]));
      }
    }
  }
}

TEST_CASE("cli: merge writes float32 in place of half precision") {
  test::temp_directory const folder;
  auto const at = [&](char const* name) { return (folder.path() / name).string(); };
  std::vector<std::uint16_t> const halves{0x3C00, 0x4000, 0xBC00, 0x3800, 0x4200, 0x3C00};
  std::vector<float> const z{1.5f, 0.25f};
  svf::safetensors_writer model;
  model.add("w", svf::dtype::f16, {2, 3}, std::as_bytes(std::span(halves)));
  model.add("other", svf::dtype::bf16, {3, 2}, std::as_bytes(std::span(halves)));
  model.write(at("model"));
  svf::safetensors_writer expert;
  expert.add("w.z", {2}, std::span(z));
  expert.write(at("expert"));
  REQUIRE(run_tool({"merge", at("model"), "--expert", at("expert"), "--out", at("out"),
                    "--unverified-base"}).status == 0);
  svf::safetensors_file const out(at("out"));
  CHECK(out.at("w").type == svf::dtype::f32);
  CHECK(out.at("other").type == svf::dtype::bf16);
}

TEST_CASE("cli: merge refuses experts of another base, and unknown bases unless told") {
  odd_file file;
  auto const expert = file.at("expert.safetensors");
  auto const out = file.at("out.safetensors");
  std::vector<std::string> const arguments{"merge", file.path, "--expert", expert, "--out", out};
  auto unverified = arguments;
  unverified.push_back("--unverified-base");

  file.write_expert(expert, {"wide"});
  check_refusal(arguments, {expert, "--unverified-base"}, out);
  CHECK(run_tool(unverified).status == 0);
  std::filesystem::remove(out);

  file.write_expert(expert, {"wide"}, "none", true);
  CHECK(run_tool(arguments).status == 0);
  std::filesystem::remove(out);
  file.write_expert(expert, {"column.u", "row", "wide"}, "none", true);  // in the order of names
  CHECK(run_tool(arguments).status == 0);
  std::filesystem::remove(out);

  file.write_expert(expert, {"wide"}, "none", true);
  file.weights["wide"](0, 0) += 1.0f;
  file.write(file.path);
  check_refusal(arguments, {expert, "made for base"}, out);
  check_refusal(unverified, {expert, "made for base"}, out);
}

TEST_CASE("cli: merge names what is wrong with an expert") {
  odd_file const file;
  auto const expert = file.at("expert.safetensors");
  auto const out = file.at("out.safetensors");
  std::vector<std::string> const arguments{"merge",  file.path, "--expert",         expert,
                                           "--out", out,       "--unverified-base"};
  auto const write = [&](std::string const& name, std::vector<float> const& z,
                         std::string const& normalisation = "none") {
    svf::safetensors_writer writer;
    writer.add(name, {z.size()}, std::span<float const>(z));
    writer.set_metadata("normalisation", normalisation);
    writer.write(expert);
  };
  check_refusal(arguments, {expert, "No such file"}, out);
  write("nowhere.z", {1, 2, 3});
  check_refusal(arguments, {expert, "'nowhere'"}, out);
  write("bias.z", {1, 2, 3});  // one-dimensional in the model
  check_refusal(arguments, {expert, "'bias'"}, out);
  write("wide.z", {1, 2, 3});
  check_refusal(arguments, {expert, "wide.z", "[4]", "[3]"}, out);
  write("wide.z", {1, 2, 3, std::numeric_limits<float>::quiet_NaN()});
  check_refusal(arguments, {expert, "wide.z", "nan"}, out);
  write("wide", {1, 2, 3, 4});
  check_refusal(arguments, {expert, "'wide'"}, out);
  write("wide.z", {1, 2, 3, 4}, "sideways");
  check_refusal(arguments, {expert, "sideways"}, out);
  write("wide.z", {-1, -2, -3, -4}, "nuclear");
  check_refusal(arguments, {"positive sum"}, out);
  test::write_raw(expert, "not a tensor file");
  check_refusal(arguments, {expert}, out);
  svf::safetensors_writer().write(expert);
  check_refusal(arguments, {expert, "got none"}, out);
  CHECK(test::files_in(file.folder.path()) == 2);  // model and expert, no temporary
}

TEST_CASE("cli: factor refuses what it cannot factor and leaves nothing behind") {
  test::temp_directory const folder;
  auto const at = [&](char const* name) { return (folder.path() / name).string(); };
  auto const model = at("model.safetensors");
  auto const out = at("out.safetensors");
  std::vector<std::string> const arguments{"factor", model, "--out", out, "--cache", at("cache")};
  auto const write = [&](std::vector<std::uint64_t> shape, std::vector<float> const& values) {
    svf::safetensors_writer writer;
    writer.add("the tensor", std::move(shape), std::span<float const>(values));
    writer.write(model);
  };
  check_refusal(arguments, {model, "No such file"}, out);
  write({2, 2}, {1, 2, 3, std::numeric_limits<float>::quiet_NaN()});
  check_refusal(arguments, {model, "'the tensor'", "nan", "(1, 1)"}, out);
  write({1, 2}, {-std::numeric_limits<float>::infinity(), 0});
  check_refusal(arguments, {model, "'the tensor'", "inf", "(0, 0)"}, out);
  write({0, 3}, {});
  check_refusal(arguments, {model, "'the tensor'", "[0, 3]"}, out);
  write({4}, {1, 2, 3, 4});
  check_refusal(arguments, {model, "two-dimensional"}, out);
  write({2, 2}, {1, 2, 3, 4});
  auto const whole = test::read_raw(model);
  for (std::size_t const size : {std::size_t{0}, std::size_t{7}, whole.size() / 2,
                                 whole.size() - 1}) {
    CAPTURE(size);
    test::write_raw(model, whole.substr(0, size));
    check_refusal(arguments, {model}, out);
  }
  test::write_raw(model, whole + "x");
  check_refusal(arguments, {model}, out);
  test::write_raw(model, "GGUF and then nothing of the kind");
  check_refusal(arguments, {model}, out);
  CHECK(!std::filesystem::exists(at("cache")));
  check_refusal({"factor", folder.path().string(), "--out", out}, {folder.path().string()}, out);

  test::write_raw(model, whole);
  check_refusal({"factor", model}, {"--cache", "--out"});
  check_refusal({"factor", model, "--out", at("no/folder/out")}, {at("no/folder/out")});
  check_refusal({"factor", model, "--cache", model}, {model});
  CHECK(run_tool(arguments).status == 0);
}

TEST_CASE("cli: inspect tells experts from other files") {
  odd_file const file;
  auto const other = run_tool({"inspect", file.path, "--json"});
  REQUIRE(other.status == 0);
  CHECK(other.json()["kind"] == "safetensors file");
  CHECK(other.json()["matrices"] == 4);
  CHECK(other.json()["tensor_list"].size() == 8);
  CHECK(other.json()["metadata"]["made by"] == "a test");
  file.write_expert(file.at("expert"), {"wide", "row"}, "nuclear");
  auto const expert = run_tool({"inspect", file.at("expert"), "--json"});
  REQUIRE(expert.status == 0);
  CHECK(expert.json()["kind"] == "expert");
  CHECK(expert.json()["components"] == 5);
  CHECK(expert.json()["normalisation"] == "nuclear");
  CHECK(expert.json()["base_fingerprint"].is_null());
  CHECK(run_tool({"inspect", file.path}).out.find(odd_name) != std::string::npos);
  check_refusal({"inspect", file.at("missing")}, {file.at("missing"), "No such file"});
}

TEST_CASE("cli: wrong command lines end with status 2 and name the argument") {
  check_refusal({}, {"subcommand"});
  check_refusal({"frobnicate"}, {"frobnicate"});
  check_refusal({"factor"}, {"model", "svfmath factor --help"});
  check_refusal({"merge", "m"}, {"--expert"});
  check_refusal({"factor", "m", "--threads", "-1"}, {"--threads"});
  check_refusal({"factor", "m", "--frobnicate"}, {"--frobnicate"});
  check_refusal({"adapt", "m", "--tasks", "t", "--strategy", "D"}, {"--strategy", "D"});
}

TEST_CASE("cli: help teaches every subcommand with an example") {
  auto const overview = run_tool({"--help"});
  CHECK(overview.status == 0);
  CHECK(run_tool({"--version"}).out.starts_with("svfmath 0."));
  for (std::string const command : {"inspect", "factor", "merge", "tokenize", "score", "generate",
                                    "eval", "train", "adapt"}) {
    CAPTURE(command);
    CHECK(overview.out.find("  " + command) != std::string::npos);
    auto const help = run_tool({command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.out.find("Example:\n  svfmath " + command) != std::string::npos);
    CHECK(help.out.find("--json") != std::string::npos);
  }
}

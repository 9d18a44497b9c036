// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include <svfmath/core/error.hpp>

#include "gguf_builder.hpp"
#include "smollm2_file.hpp"
#include "support/has.hpp"
#include "support/temp_directory.hpp"
#include "transformer/gguf.hpp"

using test::has;

namespace {

using test::gguf_builder;

constexpr auto huge = std::numeric_limits<std::uint64_t>::max();

gguf_builder small() {
  gguf_builder file;
  file.text("general.architecture", "llama");
  file.u32("count", 7);
  file.f32("half", 0.5f);
  file.floats("a", {3, 2}, {1, 2, 3, 4, 5, 6});
  std::string block("\x00\x3c", 2);  // one block of Q8_0: scale 1, then 32 fives
  block.append(32, '\x05');
  file.tensors.push_back({"b", {32}, 8, std::move(block)});
  file.floats("c", {1}, {9});
  return file;
}

// The message with which a file of these bytes is refused; empty if it is read.
std::string refusal(std::string const& bytes) {
  test::temp_directory const folder;
  auto const path = folder.path() / "model.gguf";
  test::write_file(path, bytes);
  try {
    llama::gguf_file const file(path);
  } catch (svf::error const& problem) {
    std::string const message = problem.what();
    CHECK(problem.kind() == svf::error_kind::format);
    CHECK(message.find("model.gguf") != std::string::npos);
    return message;
  }
  return "";
}

template <class Change>
std::string refusal_after(Change change) {
  gguf_builder file = small();
  change(file);
  return refusal(file.bytes());
}

}  // namespace

TEST_CASE("gguf: reads metadata and tensors of versions 2 and 3") {
  test::temp_directory const folder;
  for (std::uint32_t const version : {2u, 3u}) {
    gguf_builder builder = small();
    builder.version = version;
    builder.number("flag", 7, std::uint8_t{1});
    builder.number("minus", 11, std::int64_t{-3});
    builder.number("double", 12, 0.1);
    builder.texts("words", {"x", "", "yz"});
    builder.i32s("numbers", {-1, 2});
    auto const path = folder.path() / "small.gguf";
    test::write_file(path, builder.bytes());
    llama::gguf_file const file(path);
    CHECK(file.version() == version);
    CHECK(file.alignment() == 32);
    CHECK(file.text("general.architecture") == "llama");
    CHECK(file.integer("count") == 7);
    CHECK(file.integer("minus") == -3);
    CHECK(file.real("half") == 0.5);
    CHECK(file.real("double") == 0.1);
    CHECK(file.find_flag("flag") == true);
    CHECK(file.texts("words") == std::vector<std::string>{"x", "", "yz"});
    CHECK(file.integers("numbers") == std::vector<std::int64_t>{-1, 2});
    CHECK_FALSE(file.find_integer("none").has_value());
    CHECK_THROWS_AS(file.integer("none"), svf::error);
    CHECK_THROWS_AS(file.integer("half"), svf::error);
    CHECK_THROWS_AS(file.text("count"), svf::error);

    REQUIRE(file.tensors().size() == 3);
    auto const* const a = file.find("a");
    REQUIRE(a != nullptr);
    CHECK(a->shape == std::vector<std::uint64_t>{2, 3});
    std::vector<float> values(6);
    file.read(*a, values);
    CHECK(values == std::vector<float>{1, 2, 3, 4, 5, 6});
    std::vector<float> quantised(32);
    file.read(*file.find("b"), quantised);
    CHECK(quantised == std::vector<float>(32, 5.0f));
    std::vector<float> last(1);
    file.read(*file.find("c"), last);
    CHECK(last[0] == 9.0f);
    CHECK(file.find("d") == nullptr);
  }
}

TEST_CASE("gguf: another alignment") {
  gguf_builder builder = small();
  builder.alignment = 64;
  builder.u32("general.alignment", 64);
  CHECK(refusal(builder.bytes()).empty());
}

TEST_CASE("gguf: every truncation is refused, none crashes") {
  std::string const whole = small().bytes();
  CHECK(refusal(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut to ", size, " of ", whole.size());
    CHECK_FALSE(refusal(whole.substr(0, size)).empty());
  }
}

TEST_CASE("gguf: every flipped byte is read or refused, none crashes") {
  std::string const whole = small().bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (char const mask : {'\x01', '\x80', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = char(bytes[at] ^ mask);
      refusal(bytes);
    }
  }
}

TEST_CASE("gguf: bad magic, versions and byte orders are refused") {
  has(refusal_after([](auto& f) { f.magic = "GGML"; }), "'GGML'");
  has(refusal_after([](auto& f) { f.version = 0; }), "version 2 or 3, got 0");
  has(refusal_after([](auto& f) { f.version = 1; }), "version 2 or 3, got 1");
  has(refusal_after([](auto& f) { f.version = 4; }), "version 2 or 3, got 4");
  has(refusal_after([](auto& f) { f.version = 0x03000000; }), "big-endian");
}

TEST_CASE("gguf: counts and lengths beyond the file are refused before memory is taken") {
  has(refusal_after([](auto& f) { f.tensor_count = huge; }), "tensor count");
  has(refusal_after([](auto& f) { f.pair_count = huge; }), "key count");
  has(refusal_after([](auto& f) { f.tensor_count = std::uint64_t{1} << 40; }), "tensor count");
  has(refusal_after([](auto& f) {
    std::string length;
    test::put(length, huge);
    f.pair("long", 8, length);
  }), "'long'");
  has(refusal_after([](auto& f) {
    std::string array;
    test::put(array, std::int32_t{8});
    test::put(array, std::uint64_t{1} << 60);
    f.pair("many", 9, array);
  }), "'many'");
}

TEST_CASE("gguf: bad keys and values are refused") {
  has(refusal_after([](auto& f) { f.u32("", 1); }), "empty");
  has(refusal_after([](auto& f) { f.u32("count", 8); }), "'count' occurs twice");
  has(refusal_after([](auto& f) { f.pair("odd", 13, "xxxx"); }), "'odd': unknown value type 13");
  has(refusal_after([](auto& f) { f.pair("odd", -1, "xxxx"); }), "'odd': unknown value type -1");
  has(refusal_after([](auto& f) { f.number("flag", 7, std::uint8_t{2}); }), "'flag'");
  has(refusal_after([](auto& f) {
    std::string array;
    test::put(array, std::int32_t{9});
    test::put(array, std::uint64_t{0});
    f.pair("nested", 9, array);
  }), "'nested': arrays within arrays");
}

TEST_CASE("gguf: bad alignments are refused") {
  has(refusal_after([](auto& f) { f.u32("general.alignment", 0); }), "power of two, got 0");
  has(refusal_after([](auto& f) { f.u32("general.alignment", 48); }), "power of two, got 48");
  has(refusal_after([](auto& f) { f.number("general.alignment", 10, std::uint64_t{32}); }),
      "32-bit unsigned");
}

TEST_CASE("gguf: bad tensor descriptions are refused by the tensor's name") {
  has(refusal_after([](auto& f) { f.tensors[1].name = ""; }), "1 … 63 bytes");
  has(refusal_after([](auto& f) { f.tensors[1].name = std::string(64, 'n'); }), "1 … 63 bytes");
  has(refusal_after([](auto& f) { f.tensors[2].name = "a"; }), "'a' occurs twice");
  has(refusal_after([](auto& f) { f.tensors[1].sizes = {}; }), "'b': expected 1 … 4 dimensions");
  has(refusal_after([](auto& f) { f.tensors[1].sizes = {32, 1, 1, 1, 1}; }), "got 5");
  has(refusal_after([](auto& f) { f.tensors[1].sizes = {-32}; }), "'b': size -32");
  has(refusal_after([](auto& f) { f.tensors[1].type = 4; }), "'b': type 4 is not supported");
  has(refusal_after([](auto& f) { f.tensors[1].sizes = {16, 2}; }), "whole blocks of 32");
  has(refusal_after([](auto& f) {
    f.tensors[0].sizes = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  }), "'a': the product");
  has(refusal_after([](auto& f) { f.tensors[0].sizes = {std::int64_t{1} << 61}; }),
      "'a': the product");
}

TEST_CASE("gguf: tensors that do not follow each other are refused") {
  has(refusal_after([](auto& f) { f.tensors[1].offset = 64; }), "'b': expected offset 32, got 64");
  has(refusal_after([](auto& f) { f.tensors[1].offset = 0; }), "'b': expected offset 32, got 0");
  has(refusal_after([](auto& f) { f.tensors[0].offset = 32; }), "'a': expected offset 0, got 32");
  has(refusal_after([](auto& f) { f.tensors[2].sizes = {1000}; }), "'c'");
}

TEST_CASE("gguf: the SmolLM2 file is as its makers wrote it") {
  auto const path = test::smollm2_file();
  if (!path) {
    return;
  }
  llama::gguf_file const file(*path);
  CHECK(file.version() == 3);
  CHECK(file.tensors().size() == 272);
  CHECK(file.metadata().size() == 33);
  CHECK(file.find("token_embd.weight")->type == llama::gguf_type::q8_0);
  CHECK(file.find("token_embd.weight")->shape == std::vector<std::uint64_t>{49152, 576});
}

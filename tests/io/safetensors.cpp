// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <svfmath/core/half.hpp>
#include <svfmath/io/safetensors.hpp>

#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

using test::raw_safetensors;

// What the reader says of a file with this content; empty if it takes it.
std::string message_for(std::string const& content) {
  test::temp_directory const folder;
  auto const path = folder.path() / "input.safetensors";
  test::write_raw(path, content);
  try {
    svf::safetensors_file const file(path);
    return "";
  } catch (svf::error const& e) {
    CHECK(e.kind() == svf::error_kind::format);
    CHECK(std::string(e.what()).find("input.safetensors") != std::string::npos);
    return e.what();
  }
}

// The refusal of a file whose header is `json`, followed by `data` zero bytes.
std::string refusal_of_header(std::string const& json, std::size_t data = 0) {
  return message_for(raw_safetensors(json, std::string(data, '\0')));
}

bool says(std::string const& message, std::string_view part) {
  CAPTURE(message);
  CAPTURE(part);
  bool const found = message.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

// A header of one tensor with this description.
std::string entry(std::string const& fields) { return "{\"w\":{" + fields + "}}"; }

std::string const good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";

}  // namespace

TEST_CASE("safetensors: malformation 1, a file shorter than 8 bytes") {
  for (std::size_t size = 1; size < 8; ++size) {
    says(message_for(std::string(size, '\0')),
         "expected at least 8 bytes, got " + std::to_string(size));
  }
  says(message_for(""), "the file is empty");
}

TEST_CASE("safetensors: malformation 2, a header above 100 000 000 bytes") {
  for (std::uint64_t const length : {std::uint64_t{100'000'001}, std::uint64_t{1} << 40,
                                     ~std::uint64_t{0} - 7, ~std::uint64_t{0}}) {
    says(message_for(test::little_endian(length) + "{}"),
         "expected a header of at most 100000000 bytes, got a length of " + std::to_string(length));
  }
  // Exactly 100 000 000 is allowed, so that the file is refused for being shorter.
  says(message_for(test::little_endian(100'000'000) + "{}"), "truncated");
}

TEST_CASE("safetensors: malformation 3, a header that ends behind the file") {
  says(message_for(test::little_endian(3) + "{}"), "expected a header of 3 bytes");
  says(message_for(test::little_endian(1)), "expected a header of 1 bytes");
}

TEST_CASE("safetensors: malformation 4, a header that is not UTF-8") {
  says(refusal_of_header("{\"\xFF\":{" + good + "}}", 8), "valid UTF-8 JSON");
  says(refusal_of_header("{\"\xC3\x28\":{" + good + "}}", 8), "valid UTF-8 JSON");
  std::string const surrogate = "\xED\xA0\x80";
  std::string const overlong = "\xC0\x80";
  says(refusal_of_header("{\"" + surrogate + "\":{" + good + "}}", 8), "valid UTF-8 JSON");
  says(refusal_of_header("{\"" + overlong + "\":{" + good + "}}", 8), "valid UTF-8 JSON");
}

TEST_CASE("safetensors: malformation 5, a header that is not JSON, goes on, or nests deeply") {
  says(refusal_of_header("{"), "valid UTF-8 JSON");
  says(refusal_of_header("{]"), "valid UTF-8 JSON");
  says(refusal_of_header("{'w':1}"), "valid UTF-8 JSON");
  says(refusal_of_header("{/**/}"), "valid UTF-8 JSON");
  says(refusal_of_header("{},"), "valid UTF-8 JSON");
  says(refusal_of_header("{}{}"), "valid UTF-8 JSON");
  says(refusal_of_header("{} x"), "valid UTF-8 JSON");
  says(refusal_of_header("{\"w\":{" + good + "},}", 8), "valid UTF-8 JSON");
  says(refusal_of_header(std::string("{}\0", 3)), "NUL byte");
  says(refusal_of_header(std::string("{}\0polyglot", 11)), "NUL byte");
  std::string const deep(1'000'000, '[');
  says(refusal_of_header(deep), "begin with '{'");
  says(refusal_of_header("{\"w\":" + deep), "tensor 'w': expected an object, got an array");
  says(refusal_of_header(entry("\"shape\":" + deep)), "shape: expected integers");
  std::string bomb;
  for (int i = 0; i < 100'000; ++i) {
    bomb += "{\"a\":";
  }
  says(refusal_of_header(bomb), "got the field 'a'");
}

TEST_CASE("safetensors: malformation 6, a root that is not an object") {
  for (std::string const root : {"[]", "1", "null", "\"w\"", "true", " [1]"}) {
    says(refusal_of_header(root), "expected the header to begin with '{'");
  }
  says(refusal_of_header("\xEF\xBB\xBF{}"), "begin with '{'");  // a byte order mark
  says(refusal_of_header(""), "got only blanks");
  says(refusal_of_header(" \n"), "got only blanks");
}

TEST_CASE("safetensors: malformation 7, a key that occurs twice") {
  says(refusal_of_header("{\"w\":{" + good + "},\"w\":{" + good + "}}", 8), "duplicate key 'w'");
  says(refusal_of_header("{\"w\":{" + good + R"(},"\u0077":{)" + good + "}}", 8),
       "duplicate key 'w'");
  says(refusal_of_header(R"({"__metadata__":{},"__metadata__":{}})"),
       "duplicate key '__metadata__'");
  says(refusal_of_header(R"({"__metadata__":{"a":"1","a":"1"}})"), "duplicate key 'a'");
  for (std::string const field :
       {R"("dtype":"F32")", R"("shape":[2])", R"("data_offsets":[0,8])"}) {
    says(refusal_of_header(entry(good + "," + field), 8), "tensor 'w': duplicate key '");
  }
}

TEST_CASE("safetensors: malformation 8, metadata that is not strings by name") {
  for (std::string const value : {"null", "1", "[]", "\"text\"", "true", "1.5", "-1"}) {
    says(refusal_of_header("{\"__metadata__\":" + value + "}"), "__metadata__: expected an object");
  }
  for (std::string const value : {"null", "1", "[]", "{}", "false", "-1", "1e3"}) {
    says(refusal_of_header("{\"__metadata__\":{\"k\":" + value + "}}"),
         "__metadata__: 'k': expected a string");
  }
}

TEST_CASE("safetensors: malformation 9, an entry that is no object, lacks a field or has others") {
  for (std::string const value : {"null", "1", "[]", "\"text\"", "true"}) {
    says(refusal_of_header("{\"w\":" + value + "}"), "tensor 'w': expected an object");
  }
  says(refusal_of_header(entry(R"("shape":[2],"data_offsets":[0,8])"), 8),
       "tensor 'w': expected the field dtype, which is missing");
  says(refusal_of_header(entry(R"("dtype":"F32","data_offsets":[0,8])"), 8),
       "tensor 'w': expected the field shape, which is missing");
  says(refusal_of_header(entry(R"("dtype":"F32","shape":[2])"), 8),
       "tensor 'w': expected the field data_offsets, which is missing");
  says(refusal_of_header(entry(good + R"(,"extra":1)"), 8), "got the field 'extra'");
  says(refusal_of_header(R"({"w":{}})"), "which is missing");
}

TEST_CASE("safetensors: malformation 10, an unknown dtype") {
  for (std::string const type : {"F31", "f32", "", "F32 ", "FLOAT"}) {
    says(refusal_of_header(
             entry("\"dtype\":\"" + type + R"(","shape":[2],"data_offsets":[0,8])"), 8),
         "tensor 'w': dtype: expected a type of the safetensors format, got '" + type + "'");
  }
  says(refusal_of_header(entry(R"("dtype":32,"shape":[2],"data_offsets":[0,8])"), 8),
       "dtype: expected a string, got a number");
}

TEST_CASE("safetensors: a known type that cannot be read as numbers is told apart from a bad one") {
  test::temp_directory const folder;
  auto const path = folder.path() / "ints.safetensors";
  test::write_raw(path, raw_safetensors(entry(R"("dtype":"I64","shape":[1],"data_offsets":[0,8])"),
                                        std::string(8, '\1')));
  svf::safetensors_file const file(path);  // well-formed, so it opens
  CHECK(file.at("w").elements() == 1);
  std::string message;
  try {
    (void)file.read_vector("w");
  } catch (svf::error const& e) {
    message = e.what();
  }
  says(message, "tensor 'w': expected F32, F16, BF16 or F64, got I64, which is known but not");
}

TEST_CASE("safetensors: malformation 11, shape items that are no extents") {
  for (std::string const item : {"-1", "-0", "1.0", "1.5", "2e0", "\"2\"", "null", "true", "[2]",
                                 "{}", "18446744073709551616", "1e400"}) {
    CAPTURE(item);
    std::string const message = refusal_of_header(
        entry("\"dtype\":\"F32\",\"shape\":[" + item + "],\"data_offsets\":[0,8]"), 8);
    CHECK(!message.empty());
    if (item != "1e400") {  // refused by the JSON parser already
      says(message, "tensor 'w': shape: expected integers from 0 to 2^48-1, got");
    }
  }
  says(refusal_of_header(
           entry(R"("dtype":"F32","shape":[281474976710656],"data_offsets":[0,8])"), 8),
       "shape: expected extents below 2^48, got 281474976710656");
  says(refusal_of_header(entry(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), 8),
       "shape: expected an array");
}

TEST_CASE("safetensors: malformation 12, a size that overflows") {
  for (std::string const shape : {"281474976710655,281474976710655", "4294967296,4294967296",
                                  "134217728,4294967296,4", "281474976710655,2048,0,4294967295"}) {
    std::string const message = refusal_of_header(
        entry("\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[0,0]"));
    if (shape.find(",0,") == std::string::npos) {
      says(message, "overflows 64 bits");
    } else {
      CHECK(message.empty());  // a factor of 0 comes before the overflow
    }
  }
}

TEST_CASE("safetensors: malformation 13, a size that is not whole bytes") {
  says(refusal_of_header(entry(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2),
       "expected whole bytes, got 12 bits");
  says(refusal_of_header(entry(R"("dtype":"F6_E2M3","shape":[2],"data_offsets":[0,2])"), 2),
       "expected whole bytes, got 12 bits");
  CHECK(refusal_of_header(entry(R"("dtype":"F4","shape":[4],"data_offsets":[0,2])"), 2).empty());
  CHECK(
      refusal_of_header(entry(R"("dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3])"), 3).empty());
}

TEST_CASE("safetensors: malformation 14, offsets that are not two numbers") {
  for (std::string const offsets : {"[]", "[0]", "[0,8,8]", "[0,-8]", "[0,8.0]", "[0,\"8\"]",
                                    "[0,null]", "[[0,8]]", "[0,18446744073709551616]"}) {
    says(refusal_of_header(entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" + offsets), 8),
         "tensor 'w': data_offsets: expected two integers");
  }
  for (std::string const offsets : {"8", "null", "{}", "\"0,8\""}) {
    says(refusal_of_header(entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" + offsets), 8),
         "tensor 'w': data_offsets: expected an array");
  }
}

TEST_CASE("safetensors: malformation 15, an end before the begin") {
  says(refusal_of_header(entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), 8),
       "tensor 'w': data_offsets: expected begin <= end, got 8 and 0");
}

TEST_CASE("safetensors: malformation 16, offsets that do not fit shape and type") {
  says(refusal_of_header(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4),
       "tensor 'w': shape [2] of F32 takes 8 bytes, but data_offsets span 4");
  says(refusal_of_header(entry(R"("dtype":"F32","shape":[0],"data_offsets":[0,4])"), 4),
       "takes 0 bytes, but data_offsets span 4");
  says(refusal_of_header(entry(R"("dtype":"F32","shape":[],"data_offsets":[0,8])"), 8),
       "takes 4 bytes, but data_offsets span 8");
}

TEST_CASE("safetensors: malformation 17, holes and overlaps") {
  auto const two = [](std::string const& a, std::string const& b) {
    auto const one = [](std::string const& name, std::string const& offsets) {
      return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" + offsets + "}";
    };
    return "{" + one("a", a) + "," + one("b", b) + "}";
  };
  CHECK(refusal_of_header(two("[0,8]", "[8,16]"), 16).empty());
  CHECK(refusal_of_header(two("[8,16]", "[0,8]"), 16).empty());
  says(refusal_of_header(two("[4,12]", "[12,20]"), 20),
       "tensor 'a': expected its data to begin at 0");
  says(refusal_of_header(two("[0,8]", "[12,20]"), 20),
       "tensor 'b': expected its data to begin at 8");
  says(refusal_of_header(two("[0,8]", "[12,20]"), 20), "(a hole)");
  says(refusal_of_header(two("[0,8]", "[4,12]"), 12), "(an overlap)");
  std::string attack = "{";
  for (int i = 0; i < 10'000; ++i) {
    attack += (i > 0 ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  }
  says(refusal_of_header(attack + "}", 16), "(an overlap)");
}

TEST_CASE("safetensors: malformation 18, data that is truncated or goes on") {
  says(refusal_of_header(entry(good), 7),
       "expected 8 bytes of tensor data after the header, got 7");
  says(refusal_of_header(entry(good), 7), "(truncated)");
  says(refusal_of_header(entry(good), 9), "(trailing bytes)");
  says(refusal_of_header("{}", 1), "(trailing bytes)");
}

TEST_CASE("safetensors: what is allowed is read") {
  CHECK(refusal_of_header("{}").empty());
  CHECK(refusal_of_header(" \t\r\n{} \t\r\n").empty());
  CHECK(refusal_of_header(R"({"__metadata__":{}})").empty());
  CHECK(refusal_of_header(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4).empty());
  CHECK(refusal_of_header(R"({"e":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}})").empty());
  CHECK(refusal_of_header(R"({"é\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1).empty());
}

TEST_CASE("safetensors: hostile names do not reach the terminal as they are") {
  std::string const message = refusal_of_header(
      R"({"\u001b[31m)" + std::string(5000, 'x') + R"(":{"dtype":"F32"}})");
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK(message.size() < 500);
}

TEST_CASE("safetensors: tensors lie at any alignment and are found by name") {
  test::temp_directory const folder;
  for (std::size_t shift = 0; shift < 8; ++shift) {
    auto const path = folder.path() / "unaligned.safetensors";
    std::string const json =
        R"({"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
        R"("d":{"dtype":"F64","shape":[2],"data_offsets":[3,19]},)"
        R"("f":{"dtype":"F32","shape":[2,2],"data_offsets":[19,35]},)"
        R"("h":{"dtype":"F16","shape":[2],"data_offsets":[35,39]},)"
        R"("g":{"dtype":"BF16","shape":[2],"data_offsets":[39,43]}})";
    double const d[] = {1e-30, -2.5};
    float const f[] = {1.5f, 2.5f, 3.5f, std::numeric_limits<float>::quiet_NaN()};
    std::uint16_t const h[] = {svf::to_f16(0.5f), svf::to_f16(-7.0f)};
    std::uint16_t const g[] = {svf::to_bf16(0.25f), svf::to_bf16(3e38f)};
    std::string const data = "xyz" + test::bytes_of(d) + test::bytes_of(f) + test::bytes_of(h) +
                             test::bytes_of(g);
    test::write_raw(path, raw_safetensors(json + std::string(shift, ' '), data));
    svf::safetensors_file const file(path);

    CHECK(file.metadata().at("k") == "v");
    CHECK(file.tensors().size() == 5);
    CHECK(file.find("nothing") == nullptr);
    CHECK(file.bytes(file.at("b")).size() == 3);
    auto const doubles = file.read_vector<double>("d");
    CHECK(doubles[0] == 1e-30);
    CHECK(doubles[1] == -2.5);
    CHECK(file.read_vector("d")[1] == -2.5f);
    auto const matrix = file.read_matrix("f");
    CHECK(matrix(0, 1) == 2.5f);
    CHECK(matrix(1, 0) == 3.5f);
    CHECK(std::isnan(matrix(1, 1)));
    CHECK(file.read_matrix<double>("f")(1, 0) == 3.5);
    CHECK(file.read_vector("h")[1] == -7.0f);
    CHECK(file.read_vector<double>("g")[0] == 0.25);

    std::vector<float> flat(4);
    file.read(file.at("f"), std::span<float>(flat));
    CHECK(flat[2] == 3.5f);
    std::vector<float> wrong(3);
    CHECK_THROWS_AS(file.read(file.at("f"), std::span<float>(wrong)), svf::error);
    CHECK_THROWS_AS((void)file.read_vector("f"), svf::error);
    CHECK_THROWS_AS((void)file.read_matrix("d"), svf::error);
    CHECK_THROWS_AS((void)file.read_matrix("nothing"), svf::error);
    CHECK_THROWS_AS((void)file.read_vector("b"), svf::error);
  }
}

TEST_CASE("safetensors: a missing file, a folder and a pipe are refused by name") {
  test::temp_directory const folder;
  auto const message = [](std::filesystem::path const& path) -> std::string {
    try {
      svf::safetensors_file const file(path);
    } catch (svf::error const& e) {
      return e.what();
    }
    return "";
  };
  says(message(folder.path() / "none"), "No such file");
  says(message(folder.path()), "got a folder");
  auto const pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  says(message(pipe), "got a device, pipe or socket");
}

// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <svfmath/core/random.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

#include <support/random.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

using svf::dtype;

TEST_CASE("safetensors_writer: writes exactly the bytes of the format, in the order promised") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  float const f[] = {1.0f, 2.0f};
  double const d[] = {3.0};
  std::uint8_t const u[] = {7};
  std::string const json =
      R"({"__metadata__":{"k\"":"v"},"z":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},)"
      R"("b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
      R"("a2":{"dtype":"U8","shape":[1],"data_offsets":[24,25]}})";
  std::string const padded = json + std::string(63 - (8 + json.size() + 63) % 64, ' ');
  std::string const data =
      test::bytes_of(d) + test::bytes_of(f) + test::bytes_of(f) + test::bytes_of(u);

  svf::safetensors_writer writer;
  writer.add<std::uint8_t>("a2", {1}, u);
  writer.add<float>("b", {2}, f);
  writer.add<double>("z", {}, d);
  writer.add<float>("a", {2, 1}, f);
  writer.set_metadata("k\"", "v");
  writer.write(path);
  CHECK(test::read_raw(path) == test::raw_safetensors(padded, data));
  CHECK(writer.header("file") == test::little_endian(padded.size()) + padded);
  CHECK(writer.header("file").size() % 64 == 0);
  std::string const text = writer.header("file");
  auto const header = std::as_bytes(std::span(text));
  svf::safetensors_file const file(path);
  CHECK(std::equal(header.begin(), header.end(), file.header().begin(), file.header().end()));
}

TEST_CASE("safetensors_writer: every type comes back, whichever way it was added") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  svf::safetensors_writer writer;
  std::vector<std::vector<std::byte>> contents;
  svf::generator random(3);
  for (auto const& row : svf::detail::dtype_table) {
    std::vector<std::byte> bytes(12 * row.bits / 8);
    for (auto& byte : bytes) {
      byte = std::byte(random.below(256));
    }
    contents.push_back(bytes);
  }
  for (auto const& row : svf::detail::dtype_table) {
    auto const& bytes = contents[std::size_t(row.type)];
    std::string const name(row.name);
    writer.add(name, row.type, {3, 4}, bytes);
    writer.add_owned(name + " owned", row.type, {12, 1}, bytes);
    writer.add_produced(name + " produced", row.type, {2, 2, 3}, [&](std::span<std::byte> out) {
      std::copy(bytes.begin(), bytes.end(), out.begin());
    });
    writer.add(name + " empty", row.type, {0, 5}, {});
  }
  writer.write(path);
  svf::safetensors_file const file(path);
  CHECK(file.tensors().size() == 4 * contents.size());
  for (auto const& row : svf::detail::dtype_table) {
    std::string const name(row.name);
    for (std::string const suffix : {"", " owned", " produced"}) {
      auto const& tensor = file.at(name + suffix);
      auto const bytes = file.bytes(tensor);
      auto const& expected = contents[std::size_t(row.type)];
      CHECK(tensor.type == row.type);
      CHECK(tensor.elements() == 12);
      CHECK(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
      if (row.bits >= 8) {
        CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % (row.bits / 8) == 0);
      }
    }
    CHECK(file.at(name + " empty").shape == std::vector<std::uint64_t>{0, 5});
  }
}

TEST_CASE("safetensors_writer: the order of adding does not change the file") {
  test::temp_directory const folder;
  auto const w = test::normal_matrix<float>(5, 3, 1);
  auto const v = test::normal_vector<double>(4, 2);
  std::set<std::string> files;
  for (bool const swapped : {false, true}) {
    svf::safetensors_writer writer;
    writer.set_metadata(swapped ? "x" : "y", "1");
    if (swapped) {
      writer.add_vector("v", v);
    }
    writer.add_matrix("w", w);
    if (!swapped) {
      writer.add_vector("v", v);
    }
    writer.set_metadata(swapped ? "y" : "x", "1");
    writer.write(folder.path() / "file");
    files.insert(test::read_raw(folder.path() / "file"));
  }
  CHECK(files.size() == 1);
}

TEST_CASE("safetensors_writer: matrices of any order and leading dimension become row-major") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  auto const w = test::normal_matrix<float>(6, 8, 1);
  svf::safetensors_writer writer;
  writer.add_matrix("whole", w);
  writer.add_matrix("block", w.view().block(1, 2, 3, 4));
  writer.add_matrix("transposed", svf::transposed(w.view()));
  writer.add_matrix("column", w.view().cols_range(3, 1));
  CHECK_THROWS_AS(writer.add_vector("strided", w.view().col(0)), svf::error);
  writer.write(path);
  svf::safetensors_file const file(path);
  auto const block = file.read_matrix("block");
  auto const transposed = file.read_matrix("transposed");
  CHECK(file.at("column").shape == std::vector<std::uint64_t>{6, 1});
  for (svf::index_t i = 0; i < 3; ++i) {
    for (svf::index_t j = 0; j < 4; ++j) {
      CHECK(block(i, j) == w(1 + i, 2 + j));
      CHECK(transposed(j, i) == w(i, j));
      CHECK(file.read_matrix("column")(i, 0) == w(i, 3));
      CHECK(file.read_matrix("whole")(i, j) == w(i, j));
    }
  }
}

TEST_CASE("safetensors_writer: refuses what could not be read back, and then writes nothing") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  std::vector<float> const two(2);
  svf::safetensors_writer writer;
  writer.add<float>("w", {2}, two);
  auto const shape_of = [&](std::vector<std::uint64_t> shape) {
    writer.add<float>("other", std::move(shape), two);
  };
  CHECK_THROWS_AS(writer.add<float>("w", {2}, two), svf::error);
  CHECK_THROWS_AS(writer.add<float>("__metadata__", {2}, two), svf::error);
  CHECK_THROWS_AS(shape_of({3}), svf::error);
  CHECK_THROWS_AS(shape_of({std::uint64_t{1} << 60, 16, 2}), svf::error);
  CHECK_THROWS_AS(shape_of({0, std::uint64_t{1} << 48}), svf::error);
  CHECK_THROWS_AS(writer.add_owned("f4", dtype::f4, {3}, std::vector<std::byte>(1)), svf::error);
  CHECK_THROWS_AS(
      writer.add_produced("huge", dtype::f32, {svf::largest_extent, svf::largest_extent}, {}),
      svf::error);
  shape_of({1, 2, 1});  // the refused ones left nothing behind
  auto wrong_name = writer;
  wrong_name.add<float>("\xFF", {2}, two);
  CHECK_THROWS_AS(wrong_name.write(path), svf::error);
  auto wrong_metadata = writer;
  wrong_metadata.set_metadata("k", "\xC0\x80");
  CHECK_THROWS_AS(wrong_metadata.write(path), svf::error);
  auto failing = writer;
  failing.add_produced("fails", dtype::f32, {2},
                       [](std::span<std::byte>) { svf::fail(svf::error_kind::numeric, "no"); });
  CHECK_THROWS_AS(failing.write(path), svf::error);
  CHECK(std::filesystem::is_empty(folder.path()));
  writer.write(path);
  CHECK(svf::safetensors_file(path).tensors().size() == 2);
}

TEST_CASE("safetensors_writer: no mutation of a file crashes the reader or breaks its promises") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  auto const w = test::normal_matrix<float>(2, 3, 1);
  auto const v = test::normal_vector<double>(2, 2);
  svf::safetensors_writer writer;
  writer.add_matrix("w", w);
  writer.add_vector("v", v);
  writer.add_owned("half", dtype::f16, {3}, std::vector<std::byte>(6));
  writer.set_metadata("key", "value");
  writer.write(path);
  std::string const good = test::read_raw(path);

  svf::generator random(99);
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bad = good;
    for (std::uint64_t change = 0; change <= random.below(3); ++change) {
      std::size_t const at = random.below(bad.size());
      switch (random.below(5)) {
        case 0: bad[at] = char(bad[at] ^ (1 << random.below(8))); break;
        case 1: bad[at] = char(random.below(256)); break;
        case 2: bad.resize(at); break;
        case 3: bad.insert(at, 1 + random.below(9), char(random.below(256))); break;
        default: bad.erase(at, 1 + random.below(9)); break;
      }
      if (bad.empty()) {
        bad = "x";
      }
    }
    test::write_raw(path, bad);
    CAPTURE(round);
    try {
      svf::safetensors_file const file(path);
      ++accepted;
      std::uint64_t end = 0;
      for (auto const& tensor : file.tensors()) {
        CHECK(tensor.begin == end);
        end = tensor.end;
        CHECK(svf::detail::tensor_bits(tensor.type, tensor.shape) == tensor.bytes() * 8);
        CHECK(file.find(tensor.name) == &tensor);
        if (svf::is_readable_as_float(tensor.type)) {
          std::vector<float> values(tensor.elements());
          file.read(tensor, std::span(values));
        }
      }
      std::uint64_t header = 0;
      std::memcpy(&header, bad.data(), 8);
      CHECK(8 + header + end == bad.size());
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::format);
    }
  }
  // Single changes of the data, of names and of metadata leave a file that is well-formed.
  CHECK(accepted > 100);
  CHECK(accepted < 4000);
}

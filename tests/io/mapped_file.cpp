// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>

#include <svfmath/io/mapped_file.hpp>

#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

std::string text_of(svf::mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.size()};
}

}  // namespace

TEST_CASE("mapped_file: shows the content, also after a move and a replacement") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  test::write_raw(path, "content");
  svf::mapped_file file(path);
  CHECK(text_of(file) == "content");
  svf::mapped_file moved(std::move(file));
  CHECK(text_of(moved) == "content");
  test::write_raw(folder.path() / "other", "else");
  svf::mapped_file assigned(folder.path() / "other");
  assigned = std::move(moved);
  std::filesystem::rename(folder.path() / "other", path);
  CHECK(text_of(assigned) == "content");
  CHECK(assigned.path() == path);
  CHECK(text_of(svf::mapped_file(path)) == "else");
}

TEST_CASE("mapped_file: what is changed in memory stays there") {
  test::temp_directory const folder;
  auto const path = folder.path() / "file";
  test::write_raw(path, "content");
  svf::mapped_file file(path);
  file.read_ahead();
  auto const bytes = file.private_bytes();
  CHECK(bytes.data() == file.bytes().data());
  bytes[0] = std::byte('C');
  CHECK(text_of(file) == "Content");
  CHECK(test::read_raw(path) == "content");
  CHECK(text_of(svf::mapped_file(path)) == "content");
}

TEST_CASE("mapped_file: says what is wrong, and with which file") {
  test::temp_directory const folder;
  test::write_raw(folder.path() / "empty", "");
  auto const refusal = [](std::filesystem::path const& path) {
    try {
      svf::mapped_file const file(path);
    } catch (svf::error const& e) {
      CHECK(e.kind() == svf::error_kind::format);
      CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refusal(folder.path() / "missing").find("No such file") != std::string::npos);
  CHECK(refusal(folder.path() / "empty" / "below").find("Not a directory") != std::string::npos);
  CHECK(refusal(folder.path() / "empty").find("is empty") != std::string::npos);
  CHECK(refusal(folder.path()).find("a folder") != std::string::npos);
  CHECK(refusal("/dev/null").find("a device") != std::string::npos);
}

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/in_quotes.hpp>

#include <string>

#include <doctest/doctest.h>

TEST_CASE("in_quotes: what is printable stays, what is not becomes question marks") {
  CHECK(svf::in_quotes("") == "''");
  CHECK(svf::in_quotes("model.layers.0.weight") == "'model.layers.0.weight'");
  CHECK(svf::in_quotes("Gewicht äß 重み 🙂") == "'Gewicht äß 重み 🙂'");
  CHECK(svf::in_quotes(std::string_view("a\0\n\x1b\x7f" "b", 6)) == "'a????b'");
  CHECK(svf::in_quotes("\xC2\x9B" "31m") == "'?31m'");  // the terminal's one-character escape
  CHECK(svf::in_quotes("\xC2\xA0") == "'\xC2\xA0'");
}

TEST_CASE("in_quotes: bytes that are not UTF-8 are replaced one by one") {
  auto const marks = [](std::string const& text) {
    return svf::in_quotes(text) == "'" + std::string(text.size(), '?') + "'";
  };
  CHECK(marks("\x80"));
  CHECK(marks("\xFF\xFE"));
  CHECK(marks("\xC3"));              // cut off
  CHECK(marks("\xE2\x82"));          // cut off
  CHECK(marks("\xC0\xAF"));          // overlong
  CHECK(marks("\xE0\x9F\xBF"));      // overlong
  CHECK(marks("\xF0\x8F\xBF\xBF"));  // overlong
  CHECK(marks("\xED\xA0\x80"));      // a surrogate
  CHECK(marks("\xF4\x90\x80\x80"));  // above U+10FFFF
  CHECK(marks("\xF5\x80\x80\x80"));
  CHECK(svf::in_quotes("\xC3(") == "'?('");
  CHECK(svf::in_quotes("\xF4\x8F\xBF\xBF") == "'\xF4\x8F\xBF\xBF'");
  CHECK(svf::in_quotes("\xEE\x80\x80") == "'\xEE\x80\x80'");
}

TEST_CASE("in_quotes: a long name is cut between characters") {
  std::string const full(120, 'x');
  CHECK(svf::in_quotes(full) == "'" + full + "'");
  CHECK(svf::in_quotes(full + "y") == "'" + full + "…'");
  CHECK(svf::in_quotes(full.substr(1) + "é") == "'" + full.substr(1) + "…'");
  CHECK(svf::in_quotes(full.substr(2) + "é") == "'" + full.substr(2) + "é'");
  CHECK(svf::in_quotes(full.substr(1) + "\n\n") == "'" + full.substr(1) + "?…'");
}

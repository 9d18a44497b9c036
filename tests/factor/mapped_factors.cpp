// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/mapped_factors.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/apply/factored.hpp>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/factor/factor_file.hpp>

#include <support/cached_factors.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

svf::factor_key mapped_key(svf::storage_precision precision) {
  return {{{5, 6}}, svf::svd_method::jacobi, precision};
}

// Where in the address space of this process a file of that path is mapped: "begin-end" lines.
bool lies_in_mapping_of(std::filesystem::path const& path, void const* address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(path.filename().string())) {
      auto const dash = line.find('-');
      auto const begin = std::stoull(line.substr(0, dash), nullptr, 16);
      auto const end = std::stoull(line.substr(dash + 1), nullptr, 16);
      auto const at = reinterpret_cast<std::uintptr_t>(address);
      if (begin <= at && at < end) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

TEST_CASE("mapped_factors: says what the file holds, and gives it where it lies") {
  test::temp_directory const folder;
  auto const path = folder.path() / "mapped_entry";
  for (auto const& shape : {std::pair<svf::index_t, svf::index_t>{1, 1}, {33, 5}, {5, 33}}) {
    svf::index_t const m = shape.first;
    svf::index_t const n = shape.second;
    CAPTURE(m);
    CAPTURE(n);
    auto const entry = test::some_factors(m, n, 3);
    svf::write_factors(path, mapped_key(svf::storage_precision::fp32), entry);
    svf::svd_factors<float> f;
    {
      svf::mapped_factors const file(path);
      CHECK(file.key() == mapped_key(svf::storage_precision::fp32));
      CHECK(file.rows() == m);
      CHECK(file.cols() == n);
      CHECK(file.rank() == std::min(m, n));
      CHECK(file.bytes() == std::filesystem::file_size(path));
      CHECK(file.path() == path);
      file.verify();
      CHECK(test::same_entry(file.cached(), entry));
      f = file.factors();
    }
    // The factors hold the mapping, and no memory of their own.
    CHECK(lies_in_mapping_of(path, f.u.data()));
    CHECK(lies_in_mapping_of(path, f.s.data()));
    CHECK(lies_in_mapping_of(path, f.vt.data()));
    CHECK(test::same_factors(f, entry.factors));
    auto const copy = f;
    CHECK(!lies_in_mapping_of(path, copy.u.data()));
    // A write reaches neither the file nor other mappings of it.
    auto const other = svf::mapped_factors(path).factors();
    f.u(0, 0) += 1.0f;
    CHECK(other.u(0, 0) == entry.factors.u(0, 0));
    CHECK(copy.u(0, 0) == entry.factors.u(0, 0));
    CHECK_NOTHROW(svf::mapped_factors(path).verify());
    auto const* const before = f.u.data();
    f = {};
    CHECK(!lies_in_mapping_of(path, before));
  }
}

TEST_CASE("mapped_factors: verbs take them as any other factors, with the same bits") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors";
  svf::cpu::par exec(2);
  auto const entry = test::some_factors(48, 32, 4);
  svf::write_factors(path, mapped_key(svf::storage_precision::fp32), entry);
  auto const mapped = svf::mapped_factors(path).factors();
  auto const z = test::uniform_vector<float>(32, 0.5f, 1.5f, 6);
  auto const expected = svf::materialize(exec, entry.factors, z);
  auto const got = svf::materialize(exec, mapped, z);
  CHECK(std::equal(expected.data(), expected.data() + expected.size(), got.data()));
  auto const x = test::normal_matrix<float>(3, 32, 7);
  svf::matrix<float> y(3, 48);
  svf::matrix<float> y_mapped(3, 48);
  svf::apply_factored(exec, entry.factors, z, x, y);
  svf::apply_factored(exec, mapped, z, x, y_mapped);
  CHECK(std::equal(y.data(), y.data() + y.size(), y_mapped.data()));
}

TEST_CASE("mapped_factors: 16 bits lie in the mapping too, and are widened for who wants float") {
  test::temp_directory const folder;
  auto const path = folder.path() / "mapped_half";
  auto const precision = svf::storage_precision::bf16;
  auto const entry = test::some_factors(19, 7, 3, precision);
  svf::write_factors(path, mapped_key(precision), entry);
  svf::mapped_factors const file(path);
  file.verify();
  auto const f = file.factors<svf::bfloat16>();
  CHECK(lies_in_mapping_of(path, f.u.data()));
  CHECK(lies_in_mapping_of(path, f.s.data()));
  CHECK(lies_in_mapping_of(path, f.vt.data()));
  for (svf::index_t i = 0; i < f.vt.size(); ++i) {
    CHECK(float(f.vt.data()[i]) == entry.factors.vt.data()[i]);
  }
  CHECK(test::same_factors(file.factors(), entry.factors));
  CHECK(test::refusal_of([&] { file.factors<svf::float16>(); }) ==
        path.string() + ": expected factors in fp16, got bf16");
}

TEST_CASE("mapped_factors: every flipped bit of every byte is found, and every truncation") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors";
  for (auto const precision : test::all_precisions) {
    CAPTURE(svf::to_string(precision));
    svf::write_factors(path, mapped_key(precision), test::some_factors(9, 8, 1, precision));
    std::string const good = test::read_raw(path);
    svf::safetensors_file const layout(path);
    auto const refused = [&](std::string const& content) {
      test::write_raw(path, content);
      try {
        svf::mapped_factors(path).verify();
        return false;
      } catch (svf::error const& problem) {
        return problem.kind() == svf::error_kind::format &&
               test::says(problem.what(), path.string());
      }
    };
    REQUIRE(!refused(good));
    // The classes of bytes: length prefix, JSON, blanks behind it, every tensor, checksums.
    std::size_t classes = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int bit = at < 8 || at % 5 == 0 ? 0 : int(at % 8); bit < 8; bit += 3) {
        std::string bad = good;
        bad[at] = char(bad[at] ^ (1 << bit));
        CAPTURE(at);
        CAPTURE(bit);
        CHECK(refused(bad));
      }
      ++classes;
    }
    CHECK(classes > layout.header().size() + 8 * 8 + 9 * 8);
    CHECK(good.substr(0, layout.header().size()).ends_with("  "));
    for (std::size_t size = 0; size < good.size(); ++size) {
      CAPTURE(size);
      CHECK(refused(good.substr(0, size)));
    }
    for (std::string const& more : {std::string(1, '\0'), std::string("x"), good}) {
      CHECK(refused(good + more));
    }
    CHECK(!refused(good));
  }
}

TEST_CASE("mapped_factors: random damage of larger files is found") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors";
  svf::write_factors(path, mapped_key(svf::storage_precision::fp32), test::some_factors(70, 50, 1));
  std::string const good = test::read_raw(path);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed);
    std::string bad = good;
    std::size_t const at = random.below(bad.size());
    std::size_t const size = 1 + random.below(std::min<std::size_t>(bad.size() - at, 5000));
    switch (random.below(4)) {
      case 0: bad[at] = char(bad[at] ^ (1 << random.below(8))); break;
      case 1: std::fill_n(bad.begin() + std::ptrdiff_t(at), size, '\0'); break;  // a lost page
      case 2: {  // two pieces in each other's place
        std::size_t const other = random.below(bad.size() - size + 1);
        for (std::size_t i = 0; i < size; ++i) {
          std::swap(bad[at + i], bad[other + i]);
        }
        break;
      }
      default: bad.resize(at); break;
    }
    if (bad == good) {
      continue;
    }
    test::write_raw(path, bad);
    CHECK_THROWS_AS(svf::mapped_factors(path).verify(), svf::error);
  }
}

TEST_CASE("mapped_factors: files that are none of factors are refused by what they lack") {
  test::temp_directory const folder;
  auto const path = folder.path() / "factors";
  using change = std::function<void(std::map<std::string, std::string>&)>;
  svf::matrix<float> u(3, 2);
  svf::matrix<float> vt(2, 2);
  svf::vector<float> s(2);
  // Written with a right checksum of its header, as by somebody who means it.
  auto const refusal = [&](change const& edit) {
    std::map<std::string, std::string> metadata{
        {"format", "svfmath-factors-2"},
        {"fingerprint", svf::fingerprint{{5, 6}}.hex()},
        {"method", "jacobi"},
        {"precision", "fp32"},
        {"content_blake2b", svf::content_digest{}.hex()},
        {"reconstruction", "0"},
        {"orthogonality", "0"},
        {"unrounded_reconstruction", "0"},
        {"unrounded_orthogonality", "0"}};
    edit(metadata);
    svf::safetensors_writer writer;
    for (auto const& [name, value] : metadata) {
      writer.set_metadata(name, value);
    }
    auto const elements = [](auto const& values) {
      return std::as_bytes(std::span(values.data(), std::size_t(values.size())));
    };
    writer.add_matrix("u", u);
    writer.add_vector("s", s);
    writer.add_matrix("vt", vt);
    svf::detail::factor_checksums checksums{};
    writer.add("checksums", svf::dtype::u8, {32}, std::as_bytes(std::span(checksums)));
    std::string const header = writer.header("file");
    checksums = {svf::detail::checksum_of(std::as_bytes(std::span(header))),
                 svf::detail::checksum_of(elements(s)), svf::detail::checksum_of(elements(u)),
                 svf::detail::checksum_of(elements(vt))};
    writer.write(path);
    return test::refusal_of([&] { svf::mapped_factors(path).verify(); });
  };
  CHECK(refusal([](auto&) {}).empty());
  for (char const* const name :
       {"format", "fingerprint", "method", "precision", "content_blake2b", "reconstruction",
        "orthogonality", "unrounded_reconstruction", "unrounded_orthogonality"}) {
    CAPTURE(name);
    CHECK(test::says(refusal([&](auto& metadata) { metadata.erase(name); }),
                     std::string("expected the metadata '") + name + "', which is missing"));
    CHECK(!refusal([&](auto& metadata) { metadata[name] = "nonsense"; }).empty());
  }
  CHECK(test::says(refusal([](auto& metadata) { metadata["format"] = "svfmath-factors-1"; }),
                   "expected format 'svfmath-factors-2', got 'svfmath-factors-1'"));
  CHECK(test::says(refusal([](auto& metadata) { metadata["orthogonality"] = "nan"; }),
                   "orthogonality: expected a finite number, got 'nan'"));
  CHECK(test::says(refusal([](auto& metadata) { metadata["precision"] = "bf16"; }),
                   "tensor 'u': expected BF16 of 2 dimensions, got F32"));
  s[1] = -1.0f;
  CHECK(test::says(refusal([](auto&) {}), "expected singular values >= 0 in descending order"));
  s = svf::vector<float>(1);
  CHECK(test::says(refusal([](auto&) {}), "expected u (m,r), s (r), vt (r,n)"));
  CHECK(test::says(test::refusal_of([&] { svf::mapped_factors(folder.path() / "missing"); }),
                   "No such file"));
  CHECK(test::says(test::refusal_of([&] { svf::mapped_factors(folder.path()); }), "a folder"));
}

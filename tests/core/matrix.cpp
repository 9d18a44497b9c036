// SPDX-License-Identifier: Apache-2.0
#include <svfmath/core/matrix.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include <doctest/doctest.h>
#include <svfmath/core/detail/host_memory.hpp>

TEST_CASE("matrix: zero at construction, row-major, aligned to a cache line") {
  svf::matrix<float> a(5, 7);
  CHECK(a.rows() == 5);
  CHECK(a.cols() == 7);
  CHECK(a.size() == 35);
  for (svf::index_t i = 0; i < a.size(); ++i) {
    CHECK(a.data()[i] == 0.0f);
  }
  a(3, 4) = 2.0f;
  CHECK(a.data()[3 * 7 + 4] == 2.0f);
  CHECK(a.view()(3, 4) == 2.0f);
  CHECK(std::as_const(a).view()(3, 4) == 2.0f);
  CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
}

TEST_CASE("matrix: copies own their elements") {
  svf::matrix<double> a(2, 2);
  a(1, 1) = 3.0;
  svf::matrix<double> b = a;
  b(1, 1) = 4.0;
  CHECK(a(1, 1) == 3.0);
  svf::matrix<double> const moved = std::move(b);
  CHECK(moved(1, 1) == 4.0);
}

TEST_CASE("matrix: elements in memory that somebody else keeps are used where they lie") {
  auto const memory = std::make_shared<std::array<float, 6>>();
  std::iota(memory->begin(), memory->end(), 1.0f);
  {
    svf::matrix<float> a(svf::buffer<float, svf::host_space>(memory->data(), 6, memory), 2, 3);
    CHECK(memory.use_count() == 2);
    CHECK(a.data() == memory->data());
    CHECK(a(1, 0) == 4.0f);
    a(1, 2) = 7.0f;
    CHECK((*memory)[5] == 7.0f);
    svf::matrix<float> copy = a;
    CHECK(copy.data() != a.data());
    copy(1, 2) = 8.0f;
    CHECK(a(1, 2) == 7.0f);
    svf::matrix<float> const moved = std::move(a);
    CHECK(moved.data() == memory->data());
    copy = moved;
    CHECK(copy(1, 2) == 7.0f);
    CHECK(copy.data() != moved.data());
    CHECK(memory.use_count() == 2);
  }
  CHECK(memory.use_count() == 1);
}

TEST_CASE("matrix: empty shapes are legal") {
  CHECK(svf::matrix<float>().size() == 0);
  CHECK(svf::matrix<float>(0, 5).view().cols == 5);
  CHECK(svf::vector<float>().size() == 0);
}

TEST_CASE("matrix: a vector is a range of its elements") {
  svf::vector<int> v(4);
  int next = 1;
  for (int& x : v) {
    x = next++;
  }
  CHECK(v[3] == 4);
  CHECK(v.view()[2] == 3);
  CHECK(std::as_const(v).end() - std::as_const(v).begin() == 4);
}

TEST_CASE("matrix: extents that are negative or overflow are refused before any memory is taken") {
  constexpr svf::index_t huge = svf::index_t{1} << 32;
  CHECK_THROWS_AS(svf::matrix<float>(huge, huge), svf::error);
  CHECK_THROWS_AS(svf::matrix<float>(-3, -5), svf::error);
  CHECK_THROWS_AS(svf::matrix<float>(-1, 2), svf::error);
  CHECK_THROWS_AS(svf::vector<float>(-1), svf::error);
  CHECK(svf::matrix<float>(0, huge).size() == 0);
}

TEST_CASE("matrix: huge pages waste at most a quarter") {
  using svf::detail::huge_page;
  using svf::detail::huge_part;
  CHECK(huge_part(0) == 0);
  CHECK(huge_part(huge_page / 2) == 0);
  CHECK(huge_part(huge_page) == huge_page);
  for (std::size_t bytes = 1; bytes < 40 * huge_page; bytes += huge_page / 100) {
    CAPTURE(bytes);
    std::size_t const huge = huge_part(bytes);
    CHECK(huge % huge_page == 0);
    CHECK(bytes < huge + huge_page);
    CHECK((huge <= bytes || huge - bytes <= bytes / 4));
  }
}

TEST_CASE("matrix: large ones too are zero, aligned, copied and given back") {
  // Around the size from which memory comes in huge pages, and with a part of one left over.
  for (svf::index_t const rows : {300, 409, 410, 512, 513, 1000, 1100}) {
    CAPTURE(rows);
    svf::matrix<double> a(rows, 512);
    CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
    double largest = 0.0;
    for (double const x : std::span<double const>(a.data(), std::size_t(a.size()))) {
      largest = std::max(largest, std::abs(x));
    }
    CHECK(largest == 0.0);
    a(rows - 1, 511) = 3.0;
    svf::matrix<double> const b = a;
    svf::matrix<double> const c = std::move(a);
    CHECK(b(rows - 1, 511) == 3.0);
    CHECK(c(rows - 1, 511) == 3.0);
    CHECK(b.data() != c.data());
  }
}

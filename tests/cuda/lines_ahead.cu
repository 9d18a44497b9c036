// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <set>

#include <doctest/doctest.h>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda.cuh>

#include <support/random.hpp>

using svf::index_t;
using svf::cuda::detail::lines_ahead;
using svf::cuda::detail::lines_of;

namespace {

template <class T>
using on_device = svf::matrix_view<T const, svf::device_space>;

}  // namespace

TEST_CASE_TEMPLATE("lines_ahead: every line lies within a row, and none is fetched twice", T,
                   svf::bfloat16, float, double) {
  static T const first{};  // an address that is only counted from
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    svf::generator random(seed, 1);
    index_t const rows = index_t(random.below(300));
    index_t const cols = index_t(random.below(600));
    index_t const threads = 1 + index_t(random.below(4096));
    index_t const ld = cols + index_t(random.below(40));
    CAPTURE(rows);
    CAPTURE(cols);
    auto const ahead = lines_of(on_device<T>(&first, rows, cols, ld), threads);
    auto const turned = lines_of(
        on_device<T>(&first, cols, rows, ld, svf::order::col_major), threads);
    CHECK(turned.rows == ahead.rows);
    CHECK(turned.stride == ahead.stride);
    CHECK(turned.lines_of_row == ahead.lines_of_row);
    CHECK((ahead.rows == 0 || ahead.rows == rows));
    CHECK(ahead.lines_of_row >= 1);
    if (ahead.rows > 0) {
      CHECK(ahead.data == reinterpret_cast<char const*>(&first));
      CHECK(ahead.stride == ld * index_t(sizeof(T)));
      CHECK((ahead.lines_of_row == 1 || ahead.threads() <= threads));
      std::set<index_t> begins;
      bool within = true;
      for (index_t thread = 0; thread < ahead.threads(); ++thread) {
        index_t const begin = ahead.offset(thread);
        index_t const row = begin / ahead.stride;
        index_t const end_in_row = begin % ahead.stride + lines_ahead::line;
        within = within && row < rows && end_in_row <= cols * index_t(sizeof(T)) &&
                 end_in_row % lines_ahead::line == 0;
        begins.insert(begin);
      }
      CHECK(within);
      CHECK(index_t(begins.size()) == ahead.threads());
    } else {
      CHECK((rows == 0 || cols * index_t(sizeof(T)) < lines_ahead::line));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/schedule.hpp>

#include <doctest/doctest.h>

#include "support/close.hpp"

using svf::schedule;
using svf::schedule_kind;

TEST_CASE("schedule: cosine starts at base, halves in the middle and ends at last") {
  schedule const rate{schedule_kind::cosine, 2e-3, 0.0, 60};
  CHECK(rate(0) == 2e-3);
  CHECK(test::close(rate(30), 1e-3, 1e-18));
  CHECK(rate(60) == 0.0);
  CHECK(rate(1000) == 0.0);
  for (std::uint64_t t = 0; t < 60; ++t) CHECK(rate(t + 1) < rate(t));
  schedule const raised{schedule_kind::cosine, 2e-3, 1e-4, 10};
  CHECK(test::close(raised(5), 1.05e-3, 1e-18));
  CHECK(raised(10) == 1e-4);
}

TEST_CASE("schedule: warm-up rises in equal steps to base") {
  for (auto const kind : {schedule_kind::cosine, schedule_kind::constant}) {
    schedule const rate{kind, 1.0, 0.0, 12, 4};
    CHECK(rate(0) == 0.25);
    CHECK(rate(3) == 1.0);
    CHECK(rate(4) == 1.0);
  }
  CHECK(schedule{schedule_kind::constant, 1.0, 0.0, 12, 4}(11) == 1.0);
  CHECK(test::close(schedule{schedule_kind::cosine, 1.0, 0.0, 12, 4}(8), 0.5, 1e-15));
}

TEST_CASE("schedule: a warm-up as long as the run, or a run of no steps, divides nothing by zero") {
  CHECK(schedule{schedule_kind::cosine, 1.0, 0.1, 4, 4}(4) == 0.1);
  CHECK(schedule{schedule_kind::cosine, 1.0, 0.1, 4, 9}(8) == 1.0);
  CHECK(schedule{schedule_kind::cosine, 1.0, 0.1, 0, 0}(0) == 0.1);
}

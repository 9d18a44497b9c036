// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/early_stopping.hpp>

#include <doctest/doctest.h>

#include <cmath>

TEST_CASE("early_stopping: stops after `patience` evaluations without improvement") {
  svf::early_stopping watch{.patience = 2};
  CHECK(watch.update(-5.0));  // the first is the best so far, whatever it is
  CHECK(watch.update(1.0));
  CHECK_FALSE(watch.update(1.0));
  CHECK_FALSE(watch.should_stop());
  CHECK(watch.update(2.0));
  CHECK_FALSE(watch.update(0.0));
  CHECK_FALSE(watch.update(1.9));
  CHECK(watch.should_stop());
  CHECK(watch.best == 2.0);
  CHECK(watch.evaluations == 6);
}

TEST_CASE("early_stopping: an improvement must exceed the minimum gain; patience 0 goes on") {
  svf::early_stopping watch{.minimum_gain = 0.1};
  CHECK(watch.update(1.0));
  CHECK(watch.update(1.05));  // the best, but no gain that counts
  CHECK(watch.stale == 1);
  CHECK(watch.best == 1.05);
  CHECK_FALSE(watch.update(1.05));
  CHECK(watch.stale == 2);
  CHECK(watch.update(1.15));  // small gains add up
  CHECK(watch.stale == 0);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(watch.update(0.0));
  CHECK_FALSE(watch.should_stop());
  CHECK_THROWS_AS(watch.update(NAN), svf::error);
  CHECK_NOTHROW(svf::check(watch));
  for (double const bad : {-0.1, double(INFINITY), double(NAN)}) {
    watch.minimum_gain = bad;
    CHECK_THROWS_AS(svf::check(watch), svf::error);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/batch_sampler.hpp>

#include <doctest/doctest.h>

#include <set>

TEST_CASE("batch_sampler: no question twice within an epoch, another order in the next") {
  svf::batch_sampler order{.seed = 5};
  std::vector<std::vector<std::size_t>> epochs(2);
  for (auto& epoch : epochs) {
    for (int b = 0; b < 3; ++b) {  // 3 batches of 3 of 10; the last question is left out
      auto const batch = order.next(10, 3);
      CHECK(batch.size() == 3);
      epoch.insert(epoch.end(), batch.begin(), batch.end());
    }
    CHECK(std::set(epoch.begin(), epoch.end()).size() == 9);
  }
  CHECK(order.epoch == 1);
  CHECK(epochs[0] != epochs[1]);
}

TEST_CASE("batch_sampler: a batch larger than the data is all of it, every time anew") {
  svf::batch_sampler order;
  auto const a = order.next(4, 256), b = order.next(4, 256);
  CHECK(std::set(a.begin(), a.end()) == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(std::set(b.begin(), b.end()) == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(order.epoch == 1);
}

TEST_CASE("batch_sampler: a copy goes on alike; another number of questions is refused") {
  svf::batch_sampler order{.seed = 1};
  order.next(10, 4);
  auto copy = order;
  for (int i = 0; i < 5; ++i) CHECK(order.next(10, 4) == copy.next(10, 4));
  CHECK_THROWS_AS(order.next(11, 4), svf::error);
  CHECK_THROWS_AS(order.next(10, 0), svf::error);
  CHECK_THROWS_AS(svf::batch_sampler{}.next(0, 4), svf::error);
}

// SPDX-License-Identifier: Apache-2.0
// Something that gives no advantages is no estimator, and the message names the concept.
// expect: advantage_estimator
#include <svfmath/learn/advantage.hpp>

struct silent {
  void operator()(svf::action_table<float> const&) {}
};

svf::advantage::chain<svf::advantage::group_mean, svf::advantage::none> fine;
svf::advantage::chain<svf::advantage::group_mean, silent> lacking;  // refused

// SPDX-License-Identifier: Apache-2.0
// Sums want a bank or contiguous experts, and the message names the concept.
// expect: expert_set
#include <list>
#include <vector>

#include <svfmath/expert/sums.hpp>

void call(std::vector<svf::expert> const& experts, std::list<svf::expert> const& scattered,
          std::vector<double> const& alpha) {
  svf::mixture(experts, alpha);
  svf::mixture(scattered, alpha);  // refused
}

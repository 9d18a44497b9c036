// SPDX-License-Identifier: Apache-2.0
// A container whose elements are not contiguous is no vector, and the message names the concept.
// expect: vector_like
#include <list>
#include <vector>

#include <svfmath/core/view_conversion.hpp>

void call(std::vector<float> const& z, std::list<float> const& scattered) {
  svf::as_vector(z);
  svf::as_vector(scattered);  // refused
}

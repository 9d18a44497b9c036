// SPDX-License-Identifier: Apache-2.0
// A view of constant elements cannot become one of mutable elements.
// expect: float const|const float
#include <svfmath/core/view.hpp>

void write_to(svf::vector_view<float>) {}

void call(svf::vector_view<float const> constant, svf::vector_view<float> mutable_one) {
  write_to(mutable_one);
  write_to(constant);  // refused
}

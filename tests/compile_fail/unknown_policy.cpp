// SPDX-License-Identifier: Apache-2.0
// A policy whose namespace lacks a primitive is refused, and the message names the primitive.
// expect: constraint
// expect: gram\(exec
#include <svfmath/core/concepts.hpp>

namespace elsewhere {

struct policy {
  using space = svf::host_space;
};

void gemm(policy&, float, svf::matrix_view<float const>, svf::matrix_view<float const>, float,
          svf::matrix_view<float>);

}  // namespace elsewhere

template <svf::execution_policy Exec>
void verb(Exec&) {}

void call(elsewhere::policy& exec) {
  verb(exec);  // refused
}

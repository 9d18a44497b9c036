// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

// Fine on a machine without a device, where the policy says so.
int main() {
  try {
    svf::cuda::stream_policy exec;
    return svf::make_vector<double>(exec, 1000).size() == 1000 ? 0 : 1;
  } catch (svf::error const& e) {
    return e.kind() == svf::error_kind::backend ? 0 : 1;
  }
}

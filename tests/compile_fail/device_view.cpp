// SPDX-License-Identifier: Apache-2.0
// A view of host memory never passes for one of device memory.
// expect: device_space
#include <svfmath/core/view.hpp>

void on_the_device(svf::matrix_view<float const, svf::device_space>) {}

void call(svf::matrix_view<float const> host, svf::matrix_view<float, svf::device_space> device) {
  on_the_device(device);
  on_the_device(host);  // refused
}

// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <cuda_runtime_api.h>

/// Runs the tests where there is a device. Elsewhere it only lists them, and says why none ran.
int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  int devices = 0;
  cudaError_t const status = cudaGetDeviceCount(&devices);
  bool const listing = std::any_of(argv, argv + argc, [](char const* argument) {
    return std::string_view(argument).find("list") != std::string_view::npos;
  });
  if (!listing && (status != cudaSuccess || devices == 0)) {
    std::printf("SKIPPED: no CUDA device: %s\n", cudaGetErrorString(status));
    return 0;
  }
  return context.run();
}

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda/detail/status.hpp>

#include <string>

#include <doctest/doctest.h>
#include <svfmath/cuda/blas.hpp>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>
#include <svfmath/cuda/solver.hpp>

// What needs no device, compiled by a C++ compiler: the .hpp files promise that.
namespace {

template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (svf::error const& e) {
    return e.kind() == svf::error_kind::backend ? e.what() : "another kind";
  }
  return "";
}

bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cuda status: success passes, anything else is named, with what to do about it") {
  using svf::cuda::detail::check;
  CHECK_NOTHROW(check(cudaSuccess, "call"));
  CHECK_NOTHROW(check(CUBLAS_STATUS_SUCCESS, "call"));
  CHECK_NOTHROW(check(CUSOLVER_STATUS_SUCCESS, "call"));
  auto const driver = refusal([] { check(cudaErrorInsufficientDriver, "cudaGetDeviceCount"); });
  CHECK(contains(driver, "cudaGetDeviceCount: CUDA driver version is insufficient"));
  CHECK(contains(driver, "install a driver that is as new"));
  CHECK(contains(refusal([] { check(cudaErrorNoDevice, "call"); }), "CUDA_VISIBLE_DEVICES"));
  CHECK(contains(refusal([] { check(cudaErrorDevicesUnavailable, "call"); }), "another process"));
  CHECK(contains(refusal([] { check(cudaErrorMemoryAllocation, "call"); }), "smaller matrices"));
  CHECK(contains(refusal([] { check(cudaErrorIllegalAddress, "call"); }), "start it again"));
  CHECK(contains(refusal([] { check(cudaErrorNoKernelImageForDevice, "call"); }),
                 "CMAKE_CUDA_ARCHITECTURES"));
  CHECK(contains(refusal([] { check(CUBLAS_STATUS_ALLOC_FAILED, "cublasGemmEx"); }),
                 "CUBLAS_STATUS_ALLOC_FAILED"));
  CHECK(refusal([] { check(CUSOLVER_STATUS_INTERNAL_ERROR, "cusolverDnXsyevd"); }) ==
        "cusolverDnXsyevd: internal error (cuSOLVER status 7)");
}

TEST_CASE("cuda status: a device that is not there is refused") {
  int devices = 0;
  bool const none = cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0;
  auto const message = refusal([] { svf::cuda::stream_policy exec(1000); });
  if (none) {
    CHECK(contains(message, "cudaGetDeviceCount: "));
    CHECK(contains(message, "use a CPU policy"));
  } else {
    CHECK(contains(message, "stream_policy: expected a device from 0 to "));
  }
  CHECK(refusal([] { svf::cuda::stream_policy exec(-1); }) != "");
}

TEST_CASE("cuda status: sizes beyond 32 bits are refused, leading dimensions checked") {
  using namespace svf::cuda::detail;
  CHECK(narrow(0x7FFFFFFF, "call") == 0x7FFFFFFF);
  CHECK(contains(refusal([] { narrow(svf::index_t{1} << 31, "call"); }), "below 2^31"));
  CHECK(contains(refusal([] { narrow(-1, "call"); }), "got -1"));
  using view = svf::matrix_view<float, svf::device_space>;
  CHECK(leading_dimension(view(nullptr, 3, 5, 7), "call") == 7);
  CHECK(leading_dimension(view(nullptr, 1, 5, 0), "call") == 5);
  CHECK(leading_dimension(view(nullptr, 0, 0), "call") == 1);
  CHECK_THROWS_AS(leading_dimension(view(nullptr, 3, 5, 4), "call"), svf::error);
}

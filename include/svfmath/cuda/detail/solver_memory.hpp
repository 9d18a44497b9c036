// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <cuda_runtime_api.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/memory.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf::cuda::detail {

/// A device matrix as cuSOLVER wants it, column by column: the caller's where it is stored so,
/// otherwise room of its own that `store` writes back.
template <class T>
class by_columns {
 public:
  by_columns(stream_policy& exec, matrix_view<T, device_space> target) : target_(target) {
    if (target.layout == order::row_major) {
      own_ = make_matrix<T>(exec, target.cols, target.rows);
    }
  }

  matrix_view<T, device_space> view() {
    return target_.layout == order::row_major ? transposed(own_.view()) : target_;
  }
  void store(stream_policy& exec) {
    if (target_.layout == order::row_major) {
      copy(exec, as_const(view()), target_);
    }
  }

 private:
  matrix_view<T, device_space> target_;
  matrix<T, device_space> own_;
};

/// The room that a call of the 64-bit interface asks for, on the device and on the host.
struct solver_workspace {
  buffer<std::byte, device_space> device;
  std::vector<std::byte> host;

  solver_workspace(stream_policy& exec, std::size_t device_bytes, std::size_t host_bytes)
      : device(allocate<std::byte>(exec, index_t(device_bytes))), host(host_bytes) {}
};

/// The words in which cuSOLVER says how a call went, one for each matrix.
class solver_info {
 public:
  explicit solver_info(stream_policy& exec, index_t matrices = 1)
      : words_(make_vector<int>(exec, matrices)) {}

  int* data() { return words_.data(); }

  /// Waits for the call. Throws `error{backend}` where it refused an argument, `error{numeric}`
  /// where the method did not converge.
  void expect_success(stream_policy& exec, char const* call, index_t m, index_t n) {
    std::vector<int> words(std::size_t(words_.size()));
    check(cudaMemcpyAsync(words.data(), words_.data(), words.size() * sizeof(int),
                          cudaMemcpyDeviceToHost, exec.stream()),
          "cudaMemcpyAsync");
    exec.synchronize();
    for (int const info : words) {
      expects(info >= 0, error_kind::backend, call, ": argument ", -info, " refused for a ", m, "x",
              n, " matrix");
      expects(info == 0, error_kind::numeric, call, ": no convergence for a ", m, "x", n,
              " matrix, info ", info);
    }
  }

 private:
  vector<int, device_space> words_;
};

}  // namespace svf::cuda::detail

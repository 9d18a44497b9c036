// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/cuda/detail/carrier.hpp>
#include <svfmath/cuda/detail/copy_rows.hpp>
#include <svfmath/cuda/policy.hpp>

namespace svf {

/// Owns `size` elements on the device of a policy, in the order of its stream. Move-only; may
/// outlive the policy.
template <class T>
class buffer<T, device_space> {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  buffer() = default;
  buffer(std::shared_ptr<cuda::detail::stream_memory> const& memory, index_t size)
      : data_(static_cast<T*>(memory->allocate(std::size_t(size) * sizeof(T))), {memory}),
        size_(size) {}

  T* data() { return data_.get(); }
  T const* data() const { return data_.get(); }
  index_t size() const { return size_; }

 private:
  std::unique_ptr<T, cuda::detail::release_bytes> data_;
  index_t size_ = 0;
};

}  // namespace svf

namespace svf::cuda {

/// Room for `size` elements on the device, not set. Throws `error{backend}` when memory is out.
template <class T>
buffer<T, device_space> allocate(stream_policy& exec, index_t size) {
  expects(size >= 0 && size <= std::numeric_limits<index_t>::max() / index_t(sizeof(T)),
          error_kind::shape, "allocate: expected a number of elements that can be addressed, got ",
          size);
  return size == 0 ? buffer<T, device_space>() : buffer<T, device_space>(exec.memory(), size);
}

/// destination(i,j) ← source(i,j), converted, from the host to the device. Over when the call
/// returns. Conversion and change of order happen on the device. Throws `error{shape}` if extents
/// differ, `error{backend}` when memory is out.
template <class S, class D>
void copy(stream_policy& exec, matrix_view<S> source, matrix_view<D, device_space> destination) {
  detail::expect_equal_extents(source, destination);
  if constexpr (detail::same_elements<S, D>) {
    if (source.layout == destination.layout) {
      detail::copy_rows(exec, source, destination, cudaMemcpyHostToDevice);
      exec.synchronize();
      return;
    }
  }
  auto staged = detail::staging<std::remove_const_t<S>>(exec, source);
  detail::copy_rows(exec, source, detail::in_order_of(staged, source), cudaMemcpyHostToDevice);
  copy_elements(exec, detail::in_order_of(std::as_const(staged), source), destination);
  exec.synchronize();
}

/// The same from the device to the host.
template <class S, class D>
void copy(stream_policy& exec, matrix_view<S, device_space> source, matrix_view<D> destination) {
  detail::expect_equal_extents(source, destination);
  if constexpr (detail::same_elements<S, D>) {
    if (source.layout == destination.layout) {
      detail::copy_rows(exec, source, destination, cudaMemcpyDeviceToHost);
      exec.synchronize();
      return;
    }
  }
  auto staged = detail::staging<D>(exec, destination);
  copy_elements(exec, source, detail::in_order_of(staged, destination));
  detail::copy_rows(exec, detail::in_order_of(std::as_const(staged), destination), destination,
                    cudaMemcpyDeviceToHost);
  exec.synchronize();
}

/// The same on the device, in the order of the stream.
template <class S, class D>
void copy(stream_policy& exec, matrix_view<S, device_space> source,
          matrix_view<D, device_space> destination) {
  detail::expect_equal_extents(source, destination);
  if constexpr (detail::same_elements<S, D>) {
    if (source.layout == destination.layout && detail::in_one_piece(source, destination)) {
      detail::copy_rows(exec, source, destination, cudaMemcpyDeviceToDevice);
      return;
    }
  }
  copy_elements(exec, source, destination);
}

/// destination(i) ← source(i), converted, between any memory spaces of which one is the device's:
/// a column of the matrices above.
template <class S, class SourceSpace, class D, class DestinationSpace>
void copy(stream_policy& exec, vector_view<S, SourceSpace> source,
          vector_view<D, DestinationSpace> destination) {
  expects(source.size == destination.size, error_kind::shape, "copy: expected equal sizes, got ",
          source.size, " and ", destination.size);
  copy(exec, detail::as_column(source), detail::as_column(destination));
}

/// A carrier to the memory of `exec`, empty: `add(a)` brings a matrix from the host or another
/// device, `view(k)` is what verbs of `exec` can read the k-th by.
template <class T>
detail::carrier<T> make_carrier(stream_policy& exec) {
  return detail::carrier<T>(exec);
}

}  // namespace svf::cuda

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// Owns `size` elements in one memory space. A backend specialises it for its space with the
/// same members; the host's lives here.
template <class T, class Space>
class buffer;

/// Allocates at the width of a cache line, which is also the widest vector register.
template <class T>
struct aligned_allocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  aligned_allocator() = default;
  template <class U>
  constexpr aligned_allocator(aligned_allocator<U> const&) noexcept {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), alignment));
  }
  void deallocate(T* data, std::size_t) noexcept { ::operator delete(data, alignment); }

  template <class U>
  friend constexpr bool operator==(aligned_allocator const&, aligned_allocator<U> const&) {
    return true;
  }
};

template <class T>
class buffer<T, host_space> {
 public:
  buffer() = default;
  explicit buffer(index_t size) : data_(std::size_t(size)) {}

  T* data() { return data_.data(); }
  T const* data() const { return data_.data(); }
  index_t size() const { return index_t(data_.size()); }

 private:
  std::vector<T, aligned_allocator<T>> data_;
};

namespace detail {

/// rows · cols. Throws `error{shape}` for a negative extent and for a product beyond `index_t`.
inline index_t checked_size(index_t rows, index_t cols) {
  constexpr index_t largest = std::numeric_limits<index_t>::max();
  expects(rows >= 0 && cols >= 0 && (cols == 0 || rows <= largest / cols), error_kind::shape,
          "expected extents >= 0 whose product fits ", largest, " elements, got ", rows, "x", cols);
  return rows * cols;
}

}  // namespace detail

/// A vector that owns its elements, zero at construction.
template <class T, class Space = host_space>
class vector {
 public:
  using value_type = T;

  vector() = default;
  /// Throws `error{shape}` for a negative size, and what the space's allocation throws.
  explicit vector(index_t size) : data_(detail::checked_size(size, 1)) {}

  index_t size() const { return data_.size(); }
  T* data() { return data_.data(); }
  T const* data() const { return data_.data(); }
  vector_view<T, Space> view() { return {data(), size()}; }
  vector_view<T const, Space> view() const { return {data(), size()}; }

  T& operator[](index_t i) { return data()[i]; }
  T const& operator[](index_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  T const* begin() const { return data(); }
  T const* end() const { return data() + size(); }

 private:
  buffer<T, Space> data_;
};

/// A row-major matrix that owns its elements, zero at construction.
template <class T, class Space = host_space>
class matrix {
 public:
  using value_type = T;

  matrix() = default;
  /// Throws `error{shape}` for a negative extent or a size that overflows, and what the space's
  /// allocation throws.
  matrix(index_t rows, index_t cols)
      : data_(detail::checked_size(rows, cols)), rows_(rows), cols_(cols) {}

  index_t rows() const { return rows_; }
  index_t cols() const { return cols_; }
  index_t size() const { return rows_ * cols_; }
  T* data() { return data_.data(); }
  T const* data() const { return data_.data(); }
  matrix_view<T, Space> view() { return {data(), rows_, cols_}; }
  matrix_view<T const, Space> view() const { return {data(), rows_, cols_}; }

  T& operator()(index_t i, index_t j) { return data()[i * cols_ + j]; }
  T const& operator()(index_t i, index_t j) const { return data()[i * cols_ + j]; }

 private:
  buffer<T, Space> data_;
  index_t rows_ = 0;
  index_t cols_ = 0;
};

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <svfmath/core/detail/host_memory.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/view.hpp>

namespace svf {

/// Owns `size` elements in one memory space. A backend specialises it for its space with the
/// members `data` and `size`; the host's lives here. Backends whose memory belongs to a stream or
/// an arena make it move-only.
template <class T, class Space>
class buffer;

/// Allocates at the width of a cache line, which is also the widest vector register, and large
/// blocks in huge pages.
template <class T>
struct aligned_allocator {
  using value_type = T;

  aligned_allocator() = default;
  template <class U>
  constexpr aligned_allocator(aligned_allocator<U> const&) noexcept {}

  T* allocate(std::size_t count) {
    if (count > std::size_t(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T)) {
      throw std::bad_array_new_length();
    }
    return static_cast<T*>(detail::allocate_host(count * sizeof(T)));
  }
  void deallocate(T* data, std::size_t count) noexcept {
    detail::release_host(data, count * sizeof(T));
  }

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

template <class Space>
concept host_memory = std::same_as<Space, host_space>;

}  // namespace detail

/// A vector that owns its elements. On the host it can be made from a size alone, zero; elsewhere
/// `make_vector` makes it.
template <class T, class Space = host_space>
class vector {
 public:
  using value_type = T;

  vector() = default;
  /// Throws `error{shape}` for a negative size.
  explicit vector(index_t size)
    requires detail::host_memory<Space>
      : data_(detail::checked_size(size, 1)) {}
  explicit vector(buffer<T, Space> elements) : data_(std::move(elements)) {}

  index_t size() const { return data_.size(); }
  T* data() { return data_.data(); }
  T const* data() const { return data_.data(); }
  vector_view<T, Space> view() { return {data(), size()}; }
  vector_view<T const, Space> view() const { return {data(), size()}; }

  T& operator[](index_t i)
    requires detail::host_memory<Space>
  {
    return data()[i];
  }
  T const& operator[](index_t i) const
    requires detail::host_memory<Space>
  {
    return data()[i];
  }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  T const* begin() const { return data(); }
  T const* end() const { return data() + size(); }

 private:
  buffer<T, Space> data_;
};

/// A row-major matrix that owns its elements. On the host it can be made from its extents alone,
/// zero; elsewhere `make_matrix` makes it.
template <class T, class Space = host_space>
class matrix {
 public:
  using value_type = T;

  matrix() = default;
  /// Throws `error{shape}` for a negative extent or a size that overflows.
  matrix(index_t rows, index_t cols)
    requires detail::host_memory<Space>
      : data_(detail::checked_size(rows, cols)), rows_(rows), cols_(cols) {}
  /// Throws `error{shape}` unless `elements` holds rows × cols.
  matrix(buffer<T, Space> elements, index_t rows, index_t cols)
      : data_(std::move(elements)), rows_(rows), cols_(cols) {
    expects(data_.size() == detail::checked_size(rows, cols), error_kind::shape,
            "matrix: expected ", rows, "x", cols, " elements, got ", data_.size());
  }

  index_t rows() const { return rows_; }
  index_t cols() const { return cols_; }
  index_t size() const { return rows_ * cols_; }
  T* data() { return data_.data(); }
  T const* data() const { return data_.data(); }
  matrix_view<T, Space> view() { return {data(), rows_, cols_}; }
  matrix_view<T const, Space> view() const { return {data(), rows_, cols_}; }

  T& operator()(index_t i, index_t j)
    requires detail::host_memory<Space>
  {
    return data()[i * cols_ + j];
  }
  T const& operator()(index_t i, index_t j) const
    requires detail::host_memory<Space>
  {
    return data()[i * cols_ + j];
  }

 private:
  buffer<T, Space> data_;
  index_t rows_ = 0;
  index_t cols_ = 0;
};

/// A vector of `size` elements in the memory of `exec`, from its primitive `allocate`: zero on the
/// host, not set elsewhere. Throws what `allocate` throws.
template <class T, class Exec>
vector<T, typename Exec::space> make_vector(Exec& exec, index_t size) {
  return vector<T, typename Exec::space>(allocate<T>(exec, size));
}

/// The same for a matrix (rows × cols). Throws `error{shape}` if an extent is negative or their
/// product leaves index_t.
template <class T, class Exec>
matrix<T, typename Exec::space> make_matrix(Exec& exec, index_t rows, index_t cols) {
  expects(rows >= 0 && cols >= 0 &&
              (cols == 0 || rows <= std::numeric_limits<index_t>::max() / cols),
          error_kind::shape, "make_matrix: expected extents that can be counted, got ", rows, "x",
          cols);
  return {allocate<T>(exec, rows * cols), rows, cols};
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

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

/// Elements on the host: in memory of its own, or in memory that somebody else keeps, such as a
/// mapped file. Either way they are the buffer's alone to change, and a copy has memory of its own.
template <class T>
class buffer<T, host_space> {
 public:
  buffer() = default;
  /// Zero. Throws `error{shape}` for a negative size and std::bad_alloc.
  explicit buffer(index_t size) : buffer(allocated(size), size) {
    std::uninitialized_value_construct_n(data(), size);
  }
  /// Not set. Throws `error{shape}` for a negative size and std::bad_alloc.
  static buffer uninitialised(index_t size) { return buffer(allocated(size), size); }
  /// The `size` elements at `elements`, without a copy. They must be writable, used by nobody else
  /// and there for as long as `keeper`, which is not null.
  buffer(T* elements, index_t size, std::shared_ptr<void const> keeper)
      : elements_(elements, releaser{std::move(keeper), 0}), size_(size) {}
  buffer(buffer const& other) : buffer(allocated(other.size_), other.size_) {
    std::uninitialized_copy_n(other.data(), other.size_, data());
  }
  buffer(buffer&& other) noexcept
      : elements_(std::move(other.elements_)), size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer other) noexcept {
    elements_ = std::move(other.elements_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  T* data() { return elements_.get(); }
  T const* data() const { return elements_.get(); }
  index_t size() const { return size_; }

 private:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  struct releaser {
    std::shared_ptr<void const> keeper;  // null: the memory is the buffer's own
    std::size_t count = 0;               // of elements, where it is

    void operator()(T* elements) const noexcept {
      if (!keeper) {
        aligned_allocator<T>{}.deallocate(elements, count);
      }
    }
  };

  buffer(T* elements, index_t size)
      : elements_(elements, releaser{nullptr, std::size_t(size)}), size_(size) {}

  static T* allocated(index_t size) {
    expects(size >= 0, error_kind::shape, "buffer: expected a size >= 0, got ", size);
    return size == 0 ? nullptr : aligned_allocator<T>{}.allocate(std::size_t(size));
  }

  std::unique_ptr<T[], releaser> elements_;
  index_t size_ = 0;
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

/// A vector of `size` elements, not set, in the memory of `exec`, from its primitive `allocate`.
/// Throws what `allocate` throws.
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

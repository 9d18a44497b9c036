// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/deflation.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>

namespace svf::cpu::detail {

/// What a merge needs memory for.
struct merge_extent {
  index_t order;
  index_t kept_rows;     ///< of S
  index_t half_columns;  ///< of X, that the larger half has
};

/// Memory for one merge of at most this extent, cut from memory of the caller.
template <class T>
class merge_workspace {
 public:
  static index_t values(merge_extent const& of) {
    return (of.kept_rows + 5) * padded_stride<T>(of.order) + rows_size(of);
  }
  static index_t indices(merge_extent const& of) { return 5 * of.order; }

  merge_workspace(merge_extent const& of, T* values, index_t* indices, support* supports_)
      : s(values),
        rows(s + of.kept_rows * padded_stride<T>(of.order)),
        z(rows + rows_size(of)),
        poles(z + padded_stride<T>(of.order)),
        weights(poles + padded_stride<T>(of.order)),
        new_z(weights + padded_stride<T>(of.order)),
        roots(new_z + padded_stride<T>(of.order)),
        kept(indices),
        dropped(kept + of.order),
        place(dropped + of.order),
        origin_row(place + of.order),
        sorted(origin_row + of.order),
        supports(supports_) {}

  T* s;      ///< rows of d_j − λ_i, then of eigenvectors
  T* rows;   ///< the halves of the old eigenvectors
  T* z;      ///< by row
  T* poles;  ///< by place, as `weights` and `new_z`
  T* weights;
  T* new_z;
  T* roots;
  index_t* kept;        ///< rows, by ascending pole
  index_t* dropped;     ///< rows
  index_t* place;       ///< of the i-th pole, among the poles grouped by support
  index_t* origin_row;  ///< of a place
  index_t* sorted;
  support* supports;  ///< by row

 private:
  static index_t rows_size(merge_extent const& of) {
    return of.order * (2 * padded_stride<T>(of.half_columns));
  }
};

}  // namespace svf::cpu::detail

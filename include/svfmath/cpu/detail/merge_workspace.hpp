// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <svfmath/core/view.hpp>
#include <svfmath/cpu/detail/deflation.hpp>
#include <svfmath/cpu/detail/padded_rows.hpp>

namespace svf::cpu::detail {

/// Memory for one merge of order up to n, cut from memory of the caller.
template <class T>
class merge_workspace {
 public:
  static index_t values(index_t n) {
    return n * padded_stride<T>(n) + n * (2 * padded_stride<T>(n / 2 + 1)) +
           5 * padded_stride<T>(n);
  }
  static index_t indices(index_t n) { return 5 * n; }

  merge_workspace(index_t n, T* values, index_t* indices, support* supports_)
      : s(values),
        rows(s + n * padded_stride<T>(n)),
        z(rows + n * (2 * padded_stride<T>(n / 2 + 1))),
        poles(z + padded_stride<T>(n)),
        weights(poles + padded_stride<T>(n)),
        new_z(weights + padded_stride<T>(n)),
        roots(new_z + padded_stride<T>(n)),
        kept(indices),
        dropped(kept + n),
        place(dropped + n),
        origin_row(place + n),
        sorted(origin_row + n),
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
};

}  // namespace svf::cpu::detail

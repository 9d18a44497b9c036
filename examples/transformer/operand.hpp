// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include <svfmath/core/matrix.hpp>

#include "engine.hpp"

namespace llama {

/// Floats as an engine multiplies them with its weights: themselves where these are float,
/// otherwise a rounded copy.
template <engine E>
class operand {
 public:
  operand(typename E::policy& exec, mutable_float_rows<E> x) : operand(exec, as_const(x)) {}
  operand(typename E::policy& exec, float_rows<E> x) {
    if constexpr (std::is_same_v<typename E::weight, float>) {
      view_ = x;
    } else {
      rounded_ = svf::make_matrix<typename E::weight>(exec, x.rows, x.cols);
      copy(exec, x, rounded_.view());
      view_ = svf::as_const(rounded_.view());
    }
  }
  operand(operand&&) = delete;

  operand_rows<E> view() const { return view_; }

 private:
  operand_matrix<E> rounded_;
  operand_rows<E> view_;
};

}  // namespace llama

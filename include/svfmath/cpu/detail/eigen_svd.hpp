// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/SVD>

/// Eigen 5 moved the options of its SVDs from the constructor to a template parameter.
namespace svf::cpu::detail {

#if EIGEN_VERSION_AT_LEAST(5, 0, 0)
template <class Dense>
auto thin_bdcsvd(Dense const& a) {
  return Eigen::BDCSVD<Dense, Eigen::ComputeThinU | Eigen::ComputeThinV>(a);
}
template <class Dense>
auto thin_jacobisvd(Dense const& a) {
  return Eigen::JacobiSVD<Dense, Eigen::ComputeThinU | Eigen::ComputeThinV>(a);
}
#else
template <class Dense>
auto thin_bdcsvd(Dense const& a) {
  return Eigen::BDCSVD<Dense>(a, Eigen::ComputeThinU | Eigen::ComputeThinV);
}
template <class Dense>
auto thin_jacobisvd(Dense const& a) {
  return Eigen::JacobiSVD<Dense>(a, Eigen::ComputeThinU | Eigen::ComputeThinV);
}
#endif

}  // namespace svf::cpu::detail

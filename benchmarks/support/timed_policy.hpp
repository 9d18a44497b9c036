// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <type_traits>

#include <svfmath/core/view.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/detail/tail_fix.hpp>

namespace bench {

/// Adds the time of its life to a sum of seconds.
class stopwatch {
 public:
  explicit stopwatch(double& seconds) : seconds_(seconds) {}
  stopwatch(stopwatch const&) = delete;
  stopwatch& operator=(stopwatch const&) = delete;
  ~stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The seconds that the primitives have taken which `factorize` spends its time in.
struct primitive_times {
  double gram = 0.0;
  double eigh = 0.0;
  double gemm = 0.0;
};

/// A policy that notes how long its primitives take.
template <class Base>
class timed : public Base {
 public:
  using Base::Base;
  primitive_times times;
};

template <class Base>
void gram(timed<Base>& exec, svf::matrix_view<double const> a, svf::matrix_view<double> g) {
  stopwatch const watch(exec.times.gram);
  gram(static_cast<Base&>(exec), a, g);
}

template <class Base>
void gram(timed<Base>& exec, svf::matrix_view<float const> a, svf::matrix_view<double> g) {
  stopwatch const watch(exec.times.gram);
  gram(static_cast<Base&>(exec), a, g);
}

template <class Base>
void eigh(timed<Base>& exec, std::type_identity_t<svf::matrix_view<double const>> g,
          svf::vector_view<double> values, svf::matrix_view<double> vectors,
          double orthogonality = 0.0) {
  stopwatch const watch(exec.times.eigh);
  eigh(static_cast<Base&>(exec), g, values, vectors, orthogonality);
}

template <class Base>
void gemm(timed<Base>& exec, double alpha, svf::matrix_view<double const> a,
          svf::matrix_view<double const> b, double beta, svf::matrix_view<double> c) {
  stopwatch const watch(exec.times.gemm);
  gemm(static_cast<Base&>(exec), alpha, a, b, beta, c);
}

template <class Base>
void gemm(timed<Base>& exec, double alpha, svf::matrix_view<double const> a,
          svf::matrix_view<float const> b, double beta, svf::matrix_view<double> c) {
  stopwatch const watch(exec.times.gemm);
  gemm(static_cast<Base&>(exec), alpha, a, b, beta, c);
}

static_assert(svf::detail::multiplies_as_double<timed<svf::cpu::seq>, float>,
              "what is timed is what cpu::seq does");

}  // namespace bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>

/// The routines of LAPACK that we call, with 32-bit integers, under names of our own: a program may
/// declare `dsytrd_` in another way, as every library that calls it does. The lengths at the end
/// belong to the one-letter arguments, as Fortran passes them.
namespace svf::cpu::detail {

/// A = Q T Qᵀ with T tridiagonal (d, e); Q as reflectors in A and tau.
void lapack_dsytrd(char const* triangle, int const* n, double* a, int const* lda, double* d,
                   double* e, double* tau, double* work, int const* size, int* info,
                   std::size_t) __asm__("dsytrd_");

/// Eigenvalues d and vectors Z of a tridiagonal matrix, by divide and conquer.
void lapack_dstedc(char const* vectors, int const* n, double* d, double* e, double* z,
                   int const* ldz, double* work, int const* size, int* integers,
                   int const* integers_size, int* info, std::size_t) __asm__("dstedc_");

/// C ← Q C with the Q of dsytrd.
void lapack_dormtr(char const* side, char const* triangle, char const* op, int const* m,
                   int const* n, double const* a, int const* lda, double const* tau, double* c,
                   int const* ldc, double* work, int const* size, int* info, std::size_t,
                   std::size_t, std::size_t) __asm__("dormtr_");

/// What tells a library how many threads to use; null in programs with another one.
[[gnu::weak]] int openblas_threads() __asm__("openblas_get_num_threads");
[[gnu::weak]] void set_openblas_threads(int) __asm__("openblas_set_num_threads");
[[gnu::weak]] std::ptrdiff_t blis_threads() __asm__("bli_thread_get_num_threads");
[[gnu::weak]] void set_blis_threads(std::ptrdiff_t) __asm__("bli_thread_set_num_threads");
[[gnu::weak]] int set_mkl_threads_of_caller(int) __asm__("MKL_Set_Num_Threads_Local");
[[gnu::weak]] int openmp_threads() __asm__("omp_get_max_threads");
[[gnu::weak]] void set_openmp_threads(int) __asm__("omp_set_num_threads");

/// OpenBLAS and BLIS have one number of threads for the whole program; 0 where it is another
/// library.
inline int blas_threads() {
  if (set_openblas_threads) {
    return openblas_threads();
  }
  return set_blis_threads ? int(blis_threads()) : 0;
}
inline void set_blas_threads(int count) {
  if (set_openblas_threads) {
    set_openblas_threads(count);
  } else if (set_blis_threads) {
    set_blis_threads(count);
  }
}

/// While one lives, BLAS calls of this thread run on this thread alone. The program's number of
/// threads comes back when the last `one_blas_thread` of all threads ends. MKL has a number for
/// each caller. OpenBLAS over OpenMP sets the caller's number of OpenMP threads too, which comes
/// back.
class one_blas_thread {
 public:
  one_blas_thread() {
    if (set_mkl_threads_of_caller) {
      mkl_before_ = set_mkl_threads_of_caller(1);
    }
    openmp_before_ = openmp_threads ? openmp_threads() : 0;
    std::scoped_lock const lock(program().mutex);
    if (program().users++ == 0) {
      program().before = blas_threads();
    }
    set_blas_threads(1);
  }
  one_blas_thread(one_blas_thread const&) = delete;
  one_blas_thread& operator=(one_blas_thread const&) = delete;
  ~one_blas_thread() {
    {
      std::scoped_lock const lock(program().mutex);
      if (--program().users == 0) {
        set_blas_threads(program().before);
      }
    }
    if (openmp_before_ > 0) {
      set_openmp_threads(openmp_before_);
    }
    if (set_mkl_threads_of_caller) {
      set_mkl_threads_of_caller(mkl_before_);
    }
  }

 private:
  struct shared_state {
    std::mutex mutex;
    int users = 0;
    int before = 0;
  };
  static shared_state& program() {
    static shared_state state;
    return state;
  }

  int openmp_before_ = 0;
  int mkl_before_ = 0;
};

}  // namespace svf::cpu::detail

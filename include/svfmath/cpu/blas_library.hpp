// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <svfmath/cpu/detail/lapack_routines.hpp>
#include <svfmath/cpu/detail/processor.hpp>

namespace svf::cpu {

/// Which BLAS and LAPACK the program runs with.
struct blas_library {
  std::string name;     ///< "OpenBLAS", "MKL", "BLIS" or "unknown"
  std::string kernels;  ///< the processor that OpenBLAS's kernels are made for; else empty
  std::string warning;  ///< empty, or what slows the library down, and what helps
};

namespace detail {

[[gnu::weak]] char* openblas_kernels() __asm__("openblas_get_corename");

/// OpenBLAS takes its kernels from OPENBLAS_CORETYPE, or by the processor's model, where it falls
/// back on older ones for models that it does not know. Empty where they use what there is.
inline std::string kernel_warning(std::string_view kernels, vector_instructions available) {
  constexpr std::array<std::string_view, 3> with_avx512{"SkylakeX", "Cooperlake", "SapphireRapids"};
  constexpr std::array<std::string_view, 3> with_avx2{"Haswell", "Zen", "Excavator"};
  auto const among = [&](auto const& names) {
    return std::find(names.begin(), names.end(), kernels) != names.end();
  };
  std::string_view missing;
  std::string_view better;
  if (available.avx512 && !among(with_avx512)) {
    missing = "AVX-512";
    better = "SkylakeX";
  } else if (available.avx2 && !among(with_avx512) && !among(with_avx2)) {
    missing = "AVX2";
    better = "Haswell";
  } else {
    return {};
  }
  std::string text = "OpenBLAS runs its kernels for '";
  text.append(kernels).append("', which do not use this processor's ").append(missing);
  text.append(": unset OPENBLAS_CORETYPE, or set it to ").append(better);
  return text.append(", before the program starts");
}

}  // namespace detail

/// Looks at the library that `with_lapack` calls, and whether it runs the right kernels. The
/// library prints nothing: show `warning` once where it is not empty. Takes microseconds, computes
/// nothing.
inline blas_library inspect_blas() {
  if (detail::openblas_kernels) {
    std::string const kernels = detail::openblas_kernels();
    return {"OpenBLAS", kernels, detail::kernel_warning(kernels, detail::processor_instructions())};
  }
  if (detail::set_mkl_threads_of_caller) {
    return {"MKL", "", ""};
  }
  return {detail::set_blis_threads ? "BLIS" : "unknown", "", ""};
}

}  // namespace svf::cpu

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu/blas_library.hpp>

#include <string>

#include <doctest/doctest.h>

TEST_CASE("blas_library: older kernels than the processor's are warned of") {
  using svf::cpu::detail::kernel_warning;
  svf::cpu::detail::vector_instructions const none{false, false};
  svf::cpu::detail::vector_instructions const avx2{true, false};
  svf::cpu::detail::vector_instructions const avx512{true, true};
  for (auto const* kernels : {"SkylakeX", "Cooperlake", "SapphireRapids"}) {
    CHECK(kernel_warning(kernels, avx512).empty());
    CHECK(kernel_warning(kernels, avx2).empty());
  }
  for (auto const* kernels : {"Haswell", "Zen"}) {
    CHECK(kernel_warning(kernels, avx2).empty());
    CHECK(kernel_warning(kernels, none).empty());
    std::string const text = kernel_warning(kernels, avx512);
    CHECK(text.find(std::string("'") + kernels + "'") != text.npos);
    CHECK(text.find("AVX-512") != text.npos);
    CHECK(text.find("OPENBLAS_CORETYPE") != text.npos);
    CHECK(text.find("SkylakeX") != text.npos);
  }
  CHECK(kernel_warning("Prescott", none).empty());
  CHECK(kernel_warning("Prescott", avx2).find("AVX2") != std::string::npos);
  CHECK(kernel_warning("Nehalem", avx512).find("AVX-512") != std::string::npos);
}

TEST_CASE("blas_library: what the program is linked with") {
  auto const library = svf::cpu::inspect_blas();
  CAPTURE(library.name);
  CAPTURE(library.kernels);
  CHECK((library.name == "OpenBLAS" || library.name == "MKL" || library.name == "BLIS" ||
         library.name == "unknown"));
  CHECK(library.kernels.empty() == (library.name != "OpenBLAS"));
}

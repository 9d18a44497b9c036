// SPDX-License-Identifier: Apache-2.0
#include <svfmath/factor/factor_key.hpp>

#include <cstdint>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <support/cached_factors.hpp>

TEST_CASE("factor_key: every key has a file name of its own, which names it") {
  std::set<std::string> names;
  std::size_t keys = 0;
  for (std::uint64_t const content : {0u, 1u}) {
    for (auto const method : {svf::svd_method::gram, svf::svd_method::divide_and_conquer,
                              svf::svd_method::jacobi}) {
      for (auto const precision : test::all_precisions) {
        svf::factor_key const key{test::content_key(content), method, precision};
        CHECK(svf::factor_key::from_file_name(key.file_name()) == key);
        names.insert(key.file_name());
        ++keys;
      }
    }
  }
  CHECK(names.size() == keys);
  CHECK(svf::factor_key{{{1, 2}}, svf::svd_method::jacobi, svf::storage_precision::bf16}
            .file_name() == "00000000000000010000000000000002-jacobi-bf16.safetensors");
}

TEST_CASE("factor_key: other names are those of other files") {
  std::string const digits(32, 'a');
  for (std::string const& name :
       {std::string(), std::string("-"), std::string("--."), digits, digits + "-gram",
        digits + "-gram.safetensors", digits + "-gram-fp32", digits + "-gram-fp32.safetensors2",
        digits + "-gram-fp32.tmp.safetensors", digits + "-gram-fp64.safetensors",
        digits + "-qr-fp32.safetensors", digits + "a-gram-fp32.safetensors",
        "A" + digits.substr(1) + "-gram-fp32.safetensors",
        "." + digits + "-gram-fp32.safetensors", digits + "-gram-fp32-x.safetensors"}) {
    CAPTURE(name);
    CHECK(!svf::factor_key::from_file_name(name));
  }
}

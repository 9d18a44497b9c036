// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/factor/storage_precision.hpp>
#include <svfmath/factor/svd_method.hpp>

namespace svf {

/// What tells the factors in a cache apart: whose they are, how they were computed and how they are
/// kept.
struct factor_key {
  fingerprint content;  ///< of W
  svd_method method = svd_method::gram;
  storage_precision precision = storage_precision::fp32;

  /// "FINGERPRINT-METHOD-PRECISION.safetensors", the name of the file in a cache.
  std::string file_name() const {
    std::string name = content.hex();
    name.append("-").append(to_string(method)).append("-").append(to_string(precision));
    return name.append(".safetensors");
  }

  /// The key whose `file_name` this is, or nothing.
  static std::optional<factor_key> from_file_name(std::string_view name) {
    try {
      std::size_t const method = name.find('-') + 1;  // 0 if there is none
      std::size_t const precision = name.find('-', method) + 1;
      std::size_t const end = name.rfind('.');
      if (method == 0 || precision == 0 || end == name.npos || end < precision) {
        return std::nullopt;
      }
      factor_key const key{
          fingerprint::from_hex(name.substr(0, method - 1)),
          svd_method_from(name.substr(method, precision - 1 - method)),
          storage_precision_from(name.substr(precision, end - precision))};
      return key.file_name() == name ? std::optional(key) : std::nullopt;
    } catch (error const&) {  // a part that is none
      return std::nullopt;
    }
  }

  friend bool operator==(factor_key const&, factor_key const&) = default;
  friend auto operator<=>(factor_key const&, factor_key const&) = default;
};

}  // namespace svf

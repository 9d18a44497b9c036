// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/cached_factors.hpp>
#include <svfmath/factor/detail/factor_checksums.hpp>
#include <svfmath/factor/detail/factor_metadata.hpp>
#include <svfmath/factor/factor_key.hpp>
#include <svfmath/factor/mapped_factors.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/io/element_conversion.hpp>
#include <svfmath/io/safetensors_writer.hpp>

namespace svf {

namespace detail {

/// Throws `error{numeric}` unless all elements are finite and σ is descending and >= 0.
inline void expect_factor_values(svd_factors<float> const& f) {
  auto const finite = [](float const* data, index_t size) {
    unsigned bad = 0;  // without branches, at the speed of memory
    for (index_t i = 0; i < size; ++i) {
      bad |= std::abs(data[i]) <= std::numeric_limits<float>::max() ? 0u : 1u;
    }
    return bad == 0;
  };
  expects(finite(f.u.data(), f.u.size()) && finite(f.vt.data(), f.vt.size()), error_kind::numeric,
          "write_factors: expected finite U and Vt, got NaN or infinity");
  for (index_t i = 0; i < f.rank(); ++i) {
    bool const descends = i == 0 || f.s[i] <= f.s[i - 1];
    expects(std::isfinite(f.s[i]) && f.s[i] >= 0.0f && descends, error_kind::numeric,
            "write_factors: expected singular values >= 0 in descending order, got ", f.s[i],
            " at ", i);
  }
}

inline void expect_finite(factor_accuracy const& accuracy) {
  expects(std::isfinite(accuracy.reconstruction) && std::isfinite(accuracy.orthogonality),
          error_kind::numeric, "write_factors: expected finite accuracies, got ",
          accuracy.reconstruction, " and ", accuracy.orthogonality);
}

/// The elements of `a` as a file of that precision holds them: where they lie, or in `room`. Throws
/// `error{numeric}` if rounding would change one.
inline std::span<std::byte const> stored_elements(matrix<float> const& a,
                                                  storage_precision precision,
                                                  std::vector<std::byte>& room) {
  std::span<float const> const values(a.data(), std::size_t(a.size()));
  if (precision == storage_precision::fp32) {
    return std::as_bytes(values);
  }
  dtype const type = dtype_of_precision(precision);
  room.resize(values.size() * bits_of(type) / 8);
  encode(type, values, room);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, room.data() + 2 * i, sizeof bits);
    float const kept = type == dtype::bf16 ? from_bf16(bits) : from_f16(bits);
    expects(kept == values[i], error_kind::numeric, "write_factors: expected factors rounded to ",
            to_string(precision), ", got an element ", values[i]);
  }
  return room;
}

}  // namespace detail

/// Writes factors as one safetensors file, atomically: tensors s (r) in F32, u (m×r) and vt (r×n)
/// in the precision of `key`, checksums of every other byte, and as metadata format version, key,
/// digest of W and accuracies. Throws `error{shape}` if the parts do not fit each other,
/// `error{numeric}` if an accuracy or an element is not finite, U or Vᵀ hold what the precision
/// cannot (see `factors_to_keep`) or σ is not descending and >= 0, and `error{backend}` if writing
/// fails, when an earlier file stays. O(mr + rn); with 16 bits a rounded copy is held meanwhile.
inline void write_factors(std::filesystem::path const& path, factor_key const& key,
                          cached_factors<float> const& entry) {
  auto const& f = entry.factors;
  validate(f, "write_factors");
  detail::expect_finite(entry.accuracy);
  detail::expect_finite(entry.unrounded);
  detail::expect_factor_values(f);
  std::vector<std::byte> u_room;
  std::vector<std::byte> vt_room;
  auto const u = detail::stored_elements(f.u, key.precision, u_room);
  auto const vt = detail::stored_elements(f.vt, key.precision, vt_room);
  std::span<float const> const s(f.s.data(), std::size_t(f.s.size()));

  safetensors_writer writer;
  writer.set_metadata("format", std::string(mapped_factors::format));
  writer.set_metadata("fingerprint", key.content.hex());
  writer.set_metadata("method", std::string(to_string(key.method)));
  writer.set_metadata("precision", std::string(to_string(key.precision)));
  writer.set_metadata("content_blake2b", entry.digest.hex());
  writer.set_metadata("reconstruction", detail::shortest_text(entry.accuracy.reconstruction));
  writer.set_metadata("orthogonality", detail::shortest_text(entry.accuracy.orthogonality));
  writer.set_metadata("unrounded_reconstruction",
                      detail::shortest_text(entry.unrounded.reconstruction));
  writer.set_metadata("unrounded_orthogonality",
                      detail::shortest_text(entry.unrounded.orthogonality));
  dtype const type = dtype_of_precision(key.precision);
  auto const m = std::uint64_t(f.rows());
  auto const r = std::uint64_t(f.rank());
  auto const n = std::uint64_t(f.cols());
  detail::factor_checksums checksums{};
  writer.add("u", type, {m, r}, u);
  writer.add("s", dtype::f32, {r}, std::as_bytes(s));
  writer.add("vt", type, {r, n}, vt);
  writer.add(std::string(detail::checksum_tensor), dtype::u8, {sizeof checksums},
             std::as_bytes(std::span(checksums)));
  // Values of tensors are no part of the header, so it is the one that will be written.
  std::string const header = writer.header(path.string());
  checksums = {detail::checksum_of(std::as_bytes(std::span(header))),
               detail::checksum_of(std::as_bytes(s)), detail::checksum_of(u),
               detail::checksum_of(vt)};
  writer.write(path);
}

/// Opens what `write_factors` wrote for `key`, without a look at the data. Throws as
/// `mapped_factors` does, and `error{format}` if the file is of another matrix, method or
/// precision. O(header).
inline mapped_factors open_factors(std::filesystem::path const& path, factor_key const& key) {
  mapped_factors file(path);
  auto const expect_same = [&](char const* name, auto const& expected, auto const& found) {
    expects(expected == found, error_kind::format, path, ": expected ", name, " '", expected,
            "', got '", found, "'");
  };
  expect_same("fingerprint", key.content.hex(), file.key().content.hex());
  expect_same("method", to_string(key.method), to_string(file.key().method));
  expect_same("precision", to_string(key.precision), to_string(file.key().precision));
  return file;
}

/// The same with every byte verified, and the factors as T. Throws as `open_factors`,
/// `mapped_factors::verify` and `mapped_factors::factors` do. One pass.
template <class T = float>
cached_factors<T> read_factors(std::filesystem::path const& path, factor_key const& key) {
  mapped_factors const file = open_factors(path, key);
  file.verify();
  return file.cached<T>();
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/detail/hash.hpp>
#include <svfmath/factor/svd_method.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

namespace svf {

/// Factors of one matrix and how good they were when they were made.
template <class T>
struct cached_factors {
  svd_factors<T> factors;
  factor_accuracy accuracy;
};

namespace detail {

using factor_metadata = std::map<std::string, std::string>;

inline factor_metadata describe_factors(fingerprint const& key, svd_method method) {
  return {{"format", "svfmath-factors-1"},
          {"fingerprint", key.hex()},
          {"method", std::string(to_string(method))}};
}

inline std::string accuracy_text(double value) {
  std::array<char, 32> text;
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// The checksum of a factor file covers the metadata and the shapes too.
inline xxh64<1> begin_checksum(factor_metadata const& metadata, svd_factors<float> const& f) {
  xxh64<1> hash;
  for (char const* name : {"format", "fingerprint", "method", "reconstruction", "orthogonality"}) {
    std::string const& value = metadata.at(name);
    hash.update_value(std::uint64_t(value.size()));
    hash.update(std::as_bytes(std::span(value)));
  }
  hash.update_value(std::array<std::int64_t, 3>{f.rows(), f.rank(), f.cols()});
  return hash;
}

inline std::string checksum_text(xxh64<1> const& hash) {
  return fingerprint{{0, hash.digest()[0]}}.hex().substr(16);
}

template <class Container>
std::span<std::byte const> bytes_of(Container const& values) {
  return std::as_bytes(std::span(values.data(), std::size_t(values.size())));
}

// Copies and hashes by pieces that stay in the cache nearest to the core.
template <class Container>
void copy_and_hash(std::span<std::byte const> from, Container& values, xxh64<1>& hash) {
  constexpr std::size_t piece = std::size_t{1} << 17;
  auto const to = std::as_writable_bytes(std::span(values.data(), std::size_t(values.size())));
  for (std::size_t at = 0; at < from.size(); at += piece) {
    std::size_t const size = std::min(piece, from.size() - at);
    std::memcpy(to.data() + at, from.data() + at, size);
    hash.update(to.subspan(at, size));
  }
}

inline std::string const& metadata_at(safetensors_file const& file, char const* name) {
  auto const found = file.metadata().find(name);
  expects(found != file.metadata().end(), error_kind::format, file.path(),
          ": expected the metadata '", name, "', which is missing");
  return found->second;
}

inline double number_at(safetensors_file const& file, char const* name) {
  std::string const& text = metadata_at(file, name);
  double value = 0.0;
  auto const end = std::from_chars(text.data(), text.data() + text.size(), value);
  expects(end.ec == std::errc() && end.ptr == text.data() + text.size() && std::isfinite(value),
          error_kind::format, file.path(), ": ", name, ": expected a finite number, got ",
          in_quotes(text));
  return value;
}

inline tensor_info const& float_tensor(safetensors_file const& file, std::string_view name,
                                       std::size_t dimensions) {
  tensor_info const& found = file.at(name);
  expects(found.type == dtype::f32 && found.shape.size() == dimensions, error_kind::format,
          file.path(), ": tensor '", name, "': expected F32 of ", dimensions,
          " dimensions, got ", to_string(found.type), " of shape ", shape_text(found.shape));
  return found;
}

/// Throws `error{kind}` that begins with `where` unless all elements are finite and σ is descending
/// and >= 0.
inline void expect_factor_values(error_kind kind, std::string const& where,
                                 svd_factors<float> const& f) {
  auto const finite = [](float const* data, index_t size) {
    unsigned bad = 0;  // without branches, at the speed of memory
    for (index_t i = 0; i < size; ++i) {
      bad |= std::abs(data[i]) <= std::numeric_limits<float>::max() ? 0u : 1u;
    }
    return bad == 0;
  };
  expects(finite(f.u.data(), f.u.size()) && finite(f.vt.data(), f.vt.size()), kind, where,
          ": expected finite U and Vt, got NaN or infinity");
  for (index_t i = 0; i < f.rank(); ++i) {
    bool const descends = i == 0 || f.s[i] <= f.s[i - 1];
    expects(std::isfinite(f.s[i]) && f.s[i] >= 0.0f && descends, kind, where,
            ": expected singular values >= 0 in descending order, got ", f.s[i], " at ", i);
  }
}

}  // namespace detail

/// Writes factors as one safetensors file, atomically: tensors u (m×r), s (r), vt (r×n) and, as
/// metadata, format version, fingerprint of W, method, accuracies and a checksum of all of it.
/// Throws `error{shape}` if the parts do not fit each other, `error{numeric}` if an accuracy or an
/// element is not finite or σ is not descending and >= 0, and `error{backend}` if writing fails,
/// when an earlier file stays. O(mr + rn).
inline void write_factors(std::filesystem::path const& path, fingerprint const& key,
                          svd_method method, svd_factors<float> const& factors,
                          factor_accuracy const& accuracy) {
  validate(factors, "write_factors");
  expects(std::isfinite(accuracy.reconstruction) && std::isfinite(accuracy.orthogonality),
          error_kind::numeric, "write_factors: expected finite accuracies, got ",
          accuracy.reconstruction, " and ", accuracy.orthogonality);
  detail::expect_factor_values(error_kind::numeric, "write_factors", factors);
  detail::factor_metadata metadata = detail::describe_factors(key, method);
  metadata["reconstruction"] = detail::accuracy_text(accuracy.reconstruction);
  metadata["orthogonality"] = detail::accuracy_text(accuracy.orthogonality);
  detail::xxh64<1> hash = detail::begin_checksum(metadata, factors);
  hash.update(detail::bytes_of(factors.u));
  hash.update(detail::bytes_of(factors.s));
  hash.update(detail::bytes_of(factors.vt));
  metadata["checksum"] = detail::checksum_text(hash);

  safetensors_writer writer;
  for (auto const& [name, value] : metadata) {
    writer.set_metadata(name, value);
  }
  writer.add_matrix("u", factors.u);
  writer.add_vector("s", factors.s);
  writer.add_matrix("vt", factors.vt);
  writer.write(path);
}

/// Reads what `write_factors` wrote for the matrix with content `key`. Throws `error{format}` if
/// the file is missing or malformed, belongs to another matrix or method, holds parts that do not
/// fit each other or are no factors, or differs from its checksum. One pass, at about the speed of
/// a copy.
inline cached_factors<float> read_factors(std::filesystem::path const& path,
                                          fingerprint const& key, svd_method method) {
  safetensors_file const file(path);
  for (auto const& [name, expected] : detail::describe_factors(key, method)) {
    std::string const& found = detail::metadata_at(file, name.c_str());
    expects(found == expected, error_kind::format, path, ": expected ", name, " '", expected,
            "', got ", in_quotes(found));
  }
  cached_factors<float> result;
  result.accuracy.reconstruction = detail::number_at(file, "reconstruction");
  result.accuracy.orthogonality = detail::number_at(file, "orthogonality");

  tensor_info const& u = detail::float_tensor(file, "u", 2);
  tensor_info const& s = detail::float_tensor(file, "s", 1);
  tensor_info const& vt = detail::float_tensor(file, "vt", 2);
  std::uint64_t const r = s.shape[0];
  expects(u.shape[1] == r && vt.shape[0] == r && r >= 1 && r == std::min(u.shape[0], vt.shape[1]),
          error_kind::format, path, ": expected u (m,r), s (r), vt (r,n) with r = min(m,n), got ",
          shape_text(u.shape), ", ", shape_text(s.shape), ", ", shape_text(vt.shape));
  auto& f = result.factors;
  f.u = matrix<float>(index_t(u.shape[0]), index_t(r));
  f.s = vector<float>(index_t(r));
  f.vt = matrix<float>(index_t(r), index_t(vt.shape[1]));
  detail::xxh64<1> hash = detail::begin_checksum(file.metadata(), f);
  detail::copy_and_hash(file.bytes(u), f.u, hash);
  detail::copy_and_hash(file.bytes(s), f.s, hash);
  detail::copy_and_hash(file.bytes(vt), f.vt, hash);
  std::string const& expected = detail::metadata_at(file, "checksum");
  expects(expected == detail::checksum_text(hash), error_kind::format, path,
          ": expected data with the checksum ", in_quotes(expected), ", got ",
          detail::checksum_text(hash));
  detail::expect_factor_values(error_kind::format, path.string(), f);
  return result;
}

}  // namespace svf

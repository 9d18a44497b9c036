// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/cached_factors.hpp>
#include <svfmath/factor/content_digest.hpp>
#include <svfmath/factor/detail/factor_checksums.hpp>
#include <svfmath/factor/detail/factor_metadata.hpp>
#include <svfmath/factor/factor_key.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/io/safetensors.hpp>

namespace svf {

/// A file of `write_factors`, mapped into memory. Opening it reads and checks the header alone, so
/// a model's factors may be larger than memory. `verify` reads all of it.
class mapped_factors {
 public:
  static constexpr std::string_view format = "svfmath-factors-2";

  /// Opens `path`. Throws `error{format}` if it is missing or malformed or its header is damaged,
  /// and `error{backend}` if the system refuses. O(header).
  explicit mapped_factors(std::filesystem::path const& path)
      : file_(std::make_shared<safetensors_file>(path)) {
    expect_word("format", format);
    checksums_ = read_checksums();
    check("header", file_->header());
    key_.content = fingerprint::from_hex(detail::metadata_at(*file_, "fingerprint"));
    key_.method = svd_method_from(detail::metadata_at(*file_, "method"));
    key_.precision = storage_precision_from(detail::metadata_at(*file_, "precision"));
    digest_ = content_digest::from_hex(detail::metadata_at(*file_, "content_blake2b"));
    accuracy_ = {detail::number_at(*file_, "reconstruction"),
                 detail::number_at(*file_, "orthogonality")};
    unrounded_ = {detail::number_at(*file_, "unrounded_reconstruction"),
                  detail::number_at(*file_, "unrounded_orthogonality")};
    dtype const type = dtype_of_precision(key_.precision);
    tensor_info const& u = expect_tensor("u", type, 2);
    tensor_info const& s = expect_tensor("s", dtype::f32, 1);
    tensor_info const& vt = expect_tensor("vt", type, 2);
    std::uint64_t const r = s.shape[0];
    expects(u.shape[1] == r && vt.shape[0] == r && r >= 1 &&
                r == std::min(u.shape[0], vt.shape[1]),
            error_kind::format, path,
            ": expected u (m,r), s (r), vt (r,n) with r = min(m,n), got ", shape_text(u.shape),
            ", ", shape_text(s.shape), ", ", shape_text(vt.shape));
    rows_ = index_t(u.shape[0]);
    cols_ = index_t(vt.shape[1]);
    for (tensor_info const* const part : {&u, &s, &vt}) {
      auto const address = reinterpret_cast<std::uintptr_t>(file_->bytes(*part).data());
      expects(address % (bits_of(part->type) / 8) == 0, error_kind::format, path, ": tensor '",
              part->name, "': expected elements at multiples of their size");
    }
    bytes_ = file_->file().private_bytes();  // now, as it costs more once pages are there
  }

  factor_key const& key() const { return key_; }
  content_digest const& digest() const { return digest_; }        ///< of W
  factor_accuracy const& accuracy() const { return accuracy_; }   ///< of the factors as they are
  factor_accuracy const& unrounded() const { return unrounded_; }  ///< before they were rounded
  index_t rows() const { return rows_; }
  index_t cols() const { return cols_; }
  index_t rank() const { return std::min(rows_, cols_); }
  std::uint64_t bytes() const { return file_->file().size(); }
  std::filesystem::path const& path() const { return file_->path(); }

  /// Throws `error{format}` unless every byte is the one that was written, and if σ is not
  /// descending, finite and >= 0. Reads the file once, at the speed of memory or disk.
  void verify() const {
    file_->file().read_ahead();
    for (char const* const name : {"s", "u", "vt"}) {
      check(name, file_->bytes(file_->at(name)));
    }
    file_->file().read_as_usual();
    expect_spectrum();
  }

  /// The factors. Where the file keeps T they lie in the mapping, without a copy, and stay valid
  /// after this object; changing them never changes the file, but what `factors` of this object and
  /// its copies returned before shares the mapping: who changes factors opens the file anew. As
  /// float, factors of 16 bits are widened into new memory. Throws `error{format}` if the file
  /// keeps another type than T that is not wider. O(1), or O(mr + rn) for widened ones.
  template <class T = float>
  svd_factors<T> factors() const {
    static_assert(std::is_same_v<T, float> || half_scalar<T>);
    svd_factors<T> f;
    f.s = vector<float>(shared<float>("s"));
    if (key_.precision == precision_of<T>) {
      f.u = matrix<T>(shared<T>("u"), rows(), rank());
      f.vt = matrix<T>(shared<T>("vt"), rank(), cols());
      return f;
    }
    if constexpr (std::is_same_v<T, float>) {
      f.u = file_->read_matrix<float>("u");
      f.vt = file_->read_matrix<float>("vt");
      return f;
    } else {
      fail(error_kind::format, path(), ": expected factors in ", to_string(precision_of<T>),
           ", got ", to_string(key_.precision));
    }
  }

  /// The same with all that the file says about them.
  template <class T = float>
  cached_factors<T> cached() const {
    return {factors<T>(), accuracy_, unrounded_, digest_};
  }

 private:
  void expect_word(char const* name, std::string_view expected) const {
    std::string const& found = detail::metadata_at(*file_, name);
    expects(found == expected, error_kind::format, path(), ": expected ", name, " '", expected,
            "', got ", in_quotes(found));
  }

  tensor_info const& expect_tensor(std::string_view name, dtype type,
                                   std::size_t dimensions) const {
    tensor_info const& found = file_->at(name);
    expects(found.type == type && found.shape.size() == dimensions, error_kind::format, path(),
            ": tensor '", name, "': expected ", to_string(type), " of ", dimensions,
            " dimensions, got ", to_string(found.type), " of shape ", shape_text(found.shape));
    return found;
  }

  detail::factor_checksums read_checksums() const {
    detail::factor_checksums stored;
    auto const bytes =
        file_->bytes(expect_tensor(detail::checksum_tensor, dtype::u8, 1));
    expects(bytes.size() == sizeof stored, error_kind::format, path(), ": expected ",
            sizeof stored, " bytes of checksums, got ", bytes.size());
    std::memcpy(stored.data(), bytes.data(), sizeof stored);
    return stored;
  }

  void check(std::string_view part, std::span<std::byte const> bytes) const {
    auto const& parts = detail::checksum_parts;
    auto const at = std::size_t(std::find(parts.begin(), parts.end(), part) - parts.begin());
    expects(checksums_[at] == detail::checksum_of(bytes), error_kind::format, path(), ": ", part,
            ": expected bytes with the checksum stored for them, got others");
  }

  void expect_spectrum() const {
    auto const s = shared<float>("s");
    for (index_t i = 0; i < s.size(); ++i) {
      float const value = s.data()[i];
      bool const descends = i == 0 || value <= s.data()[i - 1];
      expects(std::isfinite(value) && value >= 0.0f && descends, error_kind::format, path(),
              ": expected singular values >= 0 in descending order, got ", value, " at ", i);
    }
  }

  template <class T>
  buffer<T, host_space> shared(std::string_view name) const {
    tensor_info const& tensor = file_->at(name);
    auto const offset = std::size_t(file_->bytes(tensor).data() - bytes_.data());
    return {reinterpret_cast<T*>(bytes_.data() + offset), index_t(tensor.elements()), file_};
  }

  std::shared_ptr<safetensors_file> file_;
  std::span<std::byte> bytes_;  // of the whole file
  factor_key key_;
  content_digest digest_;
  factor_accuracy accuracy_;
  factor_accuracy unrounded_;
  detail::factor_checksums checksums_{};
  index_t rows_ = 0;
  index_t cols_ = 0;
};

}  // namespace svf

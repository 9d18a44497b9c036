// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/expert/expert.hpp>
#include <svfmath/expert/layout.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/expert/parameterisation.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

namespace svf {

/// How an expert was trained and how it is to be applied.
struct expert_origin {
  svf::parameterisation parameterisation = svf::parameterisation::direct;
  svf::normalisation normalisation = svf::normalisation::none;
  std::map<std::string, std::string> training;  ///< free: task, steps, seed, scores, …
};

/// What an expert file says about its expert.
struct expert_metadata : expert_origin {
  std::string name;
  std::optional<fingerprint> base;  ///< `layout::base_fingerprint`; nothing if made elsewhere
};

struct load_options {
  /// Take experts whose base cannot be checked, because the file or the layout has no fingerprint.
  /// One that was made for another base is refused all the same.
  bool allow_unverified_base = false;
};

struct loaded_expert {
  expert value;
  expert_metadata metadata;
};

namespace detail {

inline constexpr std::string_view expert_format_version = "1";
inline constexpr std::string_view training_prefix = "training.";

/// Whether the contents of all weight matrices are known.
inline bool has_known_base(layout const& l) {
  return std::all_of(l.sites().begin(), l.sites().end(),
                     [](site const& s) { return s.base != fingerprint{}; });
}

inline expert_metadata expert_metadata_of(safetensors_file const& file) {
  expert_metadata result;
  result.name = file.path().stem().string();
  for (auto const& [key, value] : file.metadata()) {
    try {
      if (key == "format_version") {
        expects(value == expert_format_version, error_kind::format, "expected ",
                expert_format_version, ", got ", in_quotes(value));
      } else if (key == "base_fingerprint") {
        result.base = fingerprint::from_hex(value);
      } else if (key == "parameterisation") {
        result.parameterisation = parameterisation_from(value);
      } else if (key == "normalisation") {
        result.normalisation = normalisation_from(value);
      } else if (key == "name") {
        result.name = value;
      } else if (key.starts_with(training_prefix)) {
        result.training.emplace(key.substr(training_prefix.size()), value);
      }
    } catch (error const& problem) {
      fail(error_kind::format, file.path(), ": metadata ", in_quotes(key), ": ", problem.what());
    }
  }
  return result;
}

inline void check_base(std::filesystem::path const& path, std::optional<fingerprint> const& base,
                       layout const& l, load_options const& options) {
  if (base && has_known_base(l)) {
    expects(*base == l.base_fingerprint(), error_kind::format, path, ": the expert was made for ",
            "base ", base->hex(), ", this is ", l.base_fingerprint().hex());
    return;
  }
  expects(options.allow_unverified_base, error_kind::format, path,
          base ? ": expected weights with fingerprints to check the expert's base against, got none"
               : ": expected a base fingerprint, got a file without one; it can be used only as an "
                 "expert of unverified base");
}

/// Writes z of one site of `l` to `out`. Throws if it is missing, of another size or not finite.
inline void read_site(safetensors_file const& file, site const& where, std::span<float> out) {
  tensor_info const* const tensor = file.find(where.name + ".z");
  expects(tensor != nullptr, error_kind::shape, file.path(), ": expected the tensor ",
          in_quotes(where.name + ".z"), " (", where.rank(), "), which is missing");
  bool const fits = tensor->shape.size() == 1 && tensor->shape[0] == std::uint64_t(where.rank());
  expects(fits, error_kind::shape, file.path(), ": tensor ", in_quotes(where.name + ".z"),
          ": expected shape [", where.rank(), "] for a matrix of ", where.rows, "x", where.cols,
          ", got ", shape_text(tensor->shape));
  file.read(*tensor, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!std::isfinite(out[i])) [[unlikely]] {
      fail(error_kind::numeric, file.path(), ": tensor ", in_quotes(where.name + ".z"),
           ": expected finite values, got ", out[i], " at ", i);
    }
  }
}

}  // namespace detail

/// Writes an expert as a safetensors file, atomically: for every site NAME of its layout the tensor
/// NAME.z (r, float32), and as metadata format version, name, base fingerprint (where the layout
/// has one), parameterisation, normalisation and `training.KEY` entries. Throws `error{backend}`
/// if writing fails; what was at `path` then stays. O(D).
inline void save_expert(std::filesystem::path const& path, expert const& e,
                        expert_origin const& origin = {}) {
  safetensors_writer writer;
  for (index_t i = 0; i < e.layout().count(); ++i) {
    writer.add_vector(e.layout()[i].name + ".z", e.site(i));
  }
  writer.set_metadata("format_version", std::string(detail::expert_format_version));
  writer.set_metadata("name", e.name());
  writer.set_metadata("parameterisation", std::string(to_string(origin.parameterisation)));
  writer.set_metadata("normalisation", std::string(to_string(origin.normalisation)));
  if (detail::has_known_base(e.layout())) {
    writer.set_metadata("base_fingerprint", e.layout().base_fingerprint().hex());
  }
  for (auto const& [key, value] : origin.training) {
    writer.set_metadata(std::string(detail::training_prefix) + key, value);
  }
  writer.write(path);
}

/// What the file says about its expert, without a model. A file made elsewhere need not say
/// anything; its name is then the file's. Throws `error{format}` naming the file.
inline expert_metadata read_expert_metadata(std::filesystem::path const& path) {
  return detail::expert_metadata_of(safetensors_file(path));
}

/// Reads an expert for the matrices of `l`. Throws, naming the file and what differs:
/// `error{format}` for a malformed file, another base than `l` has, or one that cannot be checked
/// (see `load_options`); `error{shape}` for missing or additional sites and wrong sizes;
/// `error{numeric}` for values that are not finite. O(D).
inline loaded_expert load_expert(std::filesystem::path const& path,
                                 std::shared_ptr<layout const> l, load_options options = {}) {
  expects(l != nullptr, error_kind::shape, "load_expert: expected a layout");
  safetensors_file const file(path);
  expert_metadata metadata = detail::expert_metadata_of(file);
  detail::check_base(path, metadata.base, *l, options);
  std::vector<float> z(std::size_t(l->size()));
  for (site const& where : l->sites()) {
    detail::read_site(file, where,
                      std::span(z).subspan(std::size_t(where.offset), std::size_t(where.rank())));
  }
  for (tensor_info const& tensor : file.tensors()) {
    bool const known = tensor.name.ends_with(".z") &&
                       l->find(tensor.name.substr(0, tensor.name.size() - 2)) != nullptr;
    expects(known, error_kind::shape, path, ": expected only z of the layout's ", l->count(),
            " sites, got the tensor ", in_quotes(tensor.name));
  }
  expert value(std::move(l), std::span<float const>(z), metadata.name);
  return {std::move(value), std::move(metadata)};
}

}  // namespace svf

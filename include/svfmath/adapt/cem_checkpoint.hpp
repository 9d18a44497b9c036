// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <utility>

#include <svfmath/adapt/cem.hpp>
#include <svfmath/adapt/detail/cem_fields.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>

namespace svf {

/// The version of the format that `save_cem` writes; `load_cem` reads this one only.
inline constexpr char const* cem_format = "svfmath cem 1";

/// Writes options and state of a search as one safetensors file, atomically. May be called at any
/// time, also between `ask` and `tell`; a search loaded from the file goes on bit for bit as this
/// one would. Callback and observers are not part of it. Throws `error{backend}` if the system
/// refuses.
template <class T>
void save_cem(std::filesystem::path const& path, cem<T> const& search) {
  cem_options<T> const& options = search.options();
  cem_state<T> const state = search.state();
  safetensors_writer file;
  file.set_metadata("format", cem_format);
  detail::visit_cem(options, state, detail::field_writer{file});
  file.write(path);
}

/// The search that `save_cem` wrote, with `callback` as its callback; observers are added with
/// `observe`. Throws `error{format}` naming the file if it is missing, malformed, of another
/// version or element type, or holds values that the constructor of `cem` refuses.
template <class T = double>
cem<T> load_cem(std::filesystem::path const& path,
                std::function<bool(cem_record<T> const&)> callback = {}) {
  safetensors_file const file(path);
  auto const found = file.metadata().find("format");
  expects(found != file.metadata().end() && found->second == cem_format, error_kind::format, path,
          ": expected the metadata 'format' to be '", cem_format, "', got ",
          found == file.metadata().end() ? "none" : "another");
  cem_options<T> options;
  cem_state<T> state;
  detail::visit_cem(options, state, detail::field_reader{file});
  // Before anything of dim elements is made.
  expects(std::cmp_equal(options.dim, state.mean.size()), error_kind::format, path,
          ": expected a mean of dim = ", options.dim, " elements, got ", state.mean.size());
  options.callback = std::move(callback);
  try {
    return cem<T>(std::move(options), std::move(state));
  } catch (error const& e) {
    fail(error_kind::format, path, ": ", e.what());
  }
}

}  // namespace svf

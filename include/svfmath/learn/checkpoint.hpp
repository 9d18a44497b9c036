// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <svfmath/io/detail/stored_list.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>
#include <svfmath/learn/detail/options_text.hpp>
#include <svfmath/learn/detail/state_fields.hpp>
#include <svfmath/learn/trainer.hpp>

namespace svf {

namespace detail {

inline constexpr std::string_view checkpoint_format = "svfmath.trainer/1";

/// The elements of a one-dimensional tensor, bit for bit. Throws `error{format}` for another type
/// or shape, or for a number that is not finite.
template <class T>
std::vector<T> exact_elements(safetensors_file const& file, std::string_view name) {
  auto values = stored_list<T>(file, name);
  if constexpr (std::floating_point<T>) {
    for (T const value : values) {
      expects(std::isfinite(value), error_kind::format, file.path(), ": tensor ", in_quotes(name),
              ": expected finite numbers, got ", value);
    }
  }
  return values;
}

}  // namespace detail

/// Writes a trainer's whole state (parameters, σ, moments, random numbers, order of the questions,
/// baseline, early stopping, best z, history) and its options as one safetensors file, in one
/// atomic step. Everything is stored exactly: floats as F32, doubles as F64, integers as U64.
/// `setting`: what the run depends on beside its options, such as a hash of its questions, as lines
/// "key=value\n" (UTF-8). Throws `error{backend}` if the system refuses. O(D).
inline void save_checkpoint(std::filesystem::path const& path, trainer const& run,
                            std::string_view setting = {}) {
  auto const flat = detail::flatten(run.state(), run.sigma());
  safetensors_writer writer;
  detail::for_each_array(flat, [&](char const* name, auto const& values) {
    using T = typename std::remove_cvref_t<decltype(values)>::value_type;
    writer.add(name, {std::uint64_t(values.size())}, std::span<T const>(values));
  });
  writer.set_metadata("format", std::string(detail::checkpoint_format));
  writer.set_metadata("options", detail::options_text(run.options()));
  writer.set_metadata("setting", std::string(setting));
  writer.write(path);
}

/// The trainer that `save_checkpoint` wrote; its next steps are those of the saved one, bit for
/// bit. `options` and `setting` must be those of the saved run. Throws `error{format}` naming the
/// file and what is wrong if it is malformed, contradicts itself or is of other options or another
/// setting, `error{backend}` if it cannot be read. O(D).
inline trainer load_checkpoint(std::filesystem::path const& path, trainer_options const& options,
                               std::string_view setting = {}) {
  safetensors_file const file(path);
  auto const entry = [&](char const* key) {
    auto const found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  expects(entry("format") == detail::checkpoint_format, error_kind::format, path,
          ": expected a checkpoint of format ", detail::checkpoint_format, ", got ",
          in_quotes(entry("format")));
  auto const difference =
      detail::first_difference(detail::options_text(options), entry("options"));
  expects(difference.empty(), error_kind::format, path,
          ": the checkpoint is of other options: ", difference);
  auto const other = detail::first_difference(setting, entry("setting"));
  expects(other.empty(), error_kind::format, path,
          ": the checkpoint is of another setting: ", other);
  detail::flat_state flat;
  std::size_t arrays = 0;
  detail::for_each_array(flat, [&](char const* name, auto& values) {
    using T = typename std::remove_cvref_t<decltype(values)>::value_type;
    values = detail::exact_elements<T>(file, name);
    ++arrays;
  });
  expects(file.tensors().size() == arrays, error_kind::format, path, ": expected ", arrays,
          " tensors, got ", file.tensors().size());
  trainer_state initial;
  initial.baseline = options.baseline;
  initial.stopping = {options.patience, options.minimum_gain};
  auto state = detail::unflatten(flat, std::move(initial), path.string());
  try {
    return trainer(options, std::move(state), flat.sigma);
  } catch (error const& e) {
    fail(error_kind::format, path, ": ", e.what());
  }
}

}  // namespace svf

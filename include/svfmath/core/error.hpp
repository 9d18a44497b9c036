// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace svf {

/// What went wrong, for programs; `error::what()` says it for people.
enum class error_kind {
  shape,    ///< sizes, counts or layouts that do not fit together
  numeric,  ///< NaN, Inf, or a computation that cannot give a meaningful result
  format,   ///< a file or text that is missing, truncated, malformed or not ours
  backend,  ///< the machine, a library underneath or the operating system refused
};

/// The word used for a kind in messages and logs.
constexpr std::string_view to_string(error_kind kind) noexcept {
  switch (kind) {
    case error_kind::shape: return "shape";
    case error_kind::numeric: return "numeric";
    case error_kind::format: return "format";
    case error_kind::backend: return "backend";
  }
  return "unknown";
}

/// The only exception type svfmath throws on purpose. The message names the function or file,
/// what was expected and what came.
class error : public std::runtime_error {
 public:
  error(error_kind kind, std::string const& message) : std::runtime_error(message), kind_(kind) {}

  error_kind kind() const noexcept { return kind_; }

 private:
  error_kind kind_;
};

namespace detail {

template <class Part>
void append(std::ostringstream& out, Part const& part) {
  if constexpr (std::same_as<Part, std::filesystem::path>) {
    out << part.string();
  } else {
    out << part;
  }
}

}  // namespace detail

/// Throws `error` with the parts of the message written one after the other.
template <class... Parts>
[[noreturn]] void fail(error_kind kind, Parts const&... parts) {
  std::ostringstream out;
  out.precision(9);
  (detail::append(out, parts), ...);
  throw error(kind, out.str());
}

/// Throws `error` unless `condition` holds. The parts are only put together on failure.
/// Stays on in Release builds.
template <class... Parts>
void expects(bool condition, error_kind kind, Parts const&... parts) {
  if (!condition) [[unlikely]] {
    fail(kind, parts...);
  }
}

}  // namespace svf

// SPDX-License-Identifier: Apache-2.0
#include "quantities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace cli {

namespace {

using unit = std::pair<std::string_view, double>;

constexpr std::array size_units{unit{"", 1.0},      unit{"k", 1e3},      unit{"m", 1e6},
                                unit{"g", 1e9},     unit{"t", 1e12},     unit{"ki", 0x1p10},
                                unit{"mi", 0x1p20}, unit{"gi", 0x1p30},  unit{"ti", 0x1p40}};
constexpr std::array age_units{unit{"s", 1.0}, unit{"m", 60.0}, unit{"h", 3600.0},
                               unit{"d", 86400.0}, unit{"w", 604800.0}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return result;
}

// A number >= 0 and a unit. Less than 2⁶³ in all.
template <std::size_t Count>
double parse(std::string_view option, std::string_view text, std::string_view expected,
             std::array<unit, Count> const& units, std::string_view optional_ending) {
  double value = 0.0;
  auto const [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string name = lower(text.substr(std::size_t(rest - text.data())));
  name.erase(0, name.find_first_not_of(' '));
  if (!optional_ending.empty() && name.ends_with(optional_ending)) {
    name.resize(name.size() - optional_ending.size());
  }
  auto const found = std::find_if(units.begin(), units.end(),
                                  [&](unit const& u) { return u.first == name; });
  bool const valid = problem == std::errc() && found != units.end() && value >= 0.0;
  double const result = valid ? value * found->second : 0.0;
  svf::expects(valid && result < 0x1p63, svf::error_kind::format, option, ": expected ", expected,
               ", got ", svf::in_quotes(text));
  return std::floor(result);
}

}  // namespace

std::uint64_t parse_size(std::string_view option, std::string_view text) {
  return std::uint64_t(parse(option, text, "a size such as 2GiB, 500MB or 1000", size_units, "b"));
}

std::chrono::seconds parse_age(std::string_view option, std::string_view text) {
  return std::chrono::seconds(
      static_cast<long long>(parse(option, text, "an age such as 30d, 12h or 90m", age_units, "")));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array names{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) {
    return fmt::format("{} B", bytes);
  }
  double value = double(bytes) / 1024.0;
  std::size_t unit = 0;
  for (; value >= 1024.0 && unit + 1 < names.size(); ++unit) {
    value /= 1024.0;
  }
  return fmt::format("{:.1f} {}", value, names[unit]);
}

std::string age_text(std::chrono::seconds age) {
  auto const seconds = std::max<long long>(age.count(), 0);
  return seconds >= 86400  ? fmt::format("{} d", seconds / 86400)
         : seconds >= 3600 ? fmt::format("{} h", seconds / 3600)
         : seconds >= 60   ? fmt::format("{} min", seconds / 60)
                           : fmt::format("{} s", seconds);
}

}  // namespace cli

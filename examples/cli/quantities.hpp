// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// The bytes of "2GiB", "1.5 GB", "500k" or "1000": units of 1024 with an i, of 1000 without.
/// Throws `svf::error{format}` that begins with `option` for anything else.
std::uint64_t parse_size(std::string_view option, std::string_view text);

/// The seconds of "30d", "12h", "90m", "10s" or "2w". Throws as `parse_size`.
std::chrono::seconds parse_age(std::string_view option, std::string_view text);

/// "2.5 MiB", "830 B".
std::string size_text(std::uint64_t bytes);

/// "3 d", "12 h", "5 min", "20 s": the largest unit of which there is one.
std::string age_text(std::chrono::seconds age);

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint.hpp"

namespace llama {

/// A tensor that a file says it holds.
struct listed_tensor {
  std::string name;
  std::vector<std::uint64_t> shape;
};

/// How the file that holds these tensors names them.
checkpoint::naming naming_of(std::span<listed_tensor const> listing);

/// Throws `svf::error` (format for tensors missing or left over, shape for a wrong shape), naming
/// the tensor, unless the listing is what a model of configuration `c.cfg` consists of.
void check_inventory(checkpoint const& c, std::span<listed_tensor const> listing);

/// Fills `c.tensors`: checks the listing first, so that nothing is allocated for a file that does
/// not fit, then calls `read(i, elements)` for every listed tensor, from the threads of the
/// caller's task arena, and refuses NaN and Inf (`svf::error`, numeric) by the tensor's name. Of
/// several failures the first in the listing is thrown, whatever the threads do.
void read_tensors(checkpoint& c, std::span<listed_tensor const> listing,
                  std::function<void(std::size_t, std::span<float>)> const& read);

}  // namespace llama

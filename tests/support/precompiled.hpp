// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What most tests include, parsed once. CMake puts it in front of every unit of the tests; no
/// test relies on it, each includes what it uses.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/instantiations.hpp"

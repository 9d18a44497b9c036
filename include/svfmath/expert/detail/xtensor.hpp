// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The only place that includes xtensor: 0.26 moved every header into folders and left nothing
/// behind where they were.
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#endif

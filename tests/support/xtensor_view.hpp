// SPDX-License-Identifier: Apache-2.0
#pragma once

/// xt::view, from wherever the installed xtensor keeps it (it moved in 0.26).
#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xview.hpp>
#endif

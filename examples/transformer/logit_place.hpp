// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "token_batch.hpp"

namespace llama {

/// One logit of a matrix (rows × vocabulary).
struct logit_place {
  index_t row;
  token id;
};

}  // namespace llama

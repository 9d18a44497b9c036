// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <transformer/tokenizer_data.hpp>

namespace tiny {

/// A token for every character that the tasks use: letters, digits, space and some punctuation.
llama::tokenizer_data character_vocabulary();

}  // namespace tiny

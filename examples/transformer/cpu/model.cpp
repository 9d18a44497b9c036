// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu.hpp>

#include "attention.hpp"
#include "layers.hpp"

#include "../model_impl.hpp"

namespace llama {

template class basic_kv_cache<cpu_engine>;
template class basic_model<cpu_engine>;

}  // namespace llama

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu.hpp>

#include "../adapted_model_impl.hpp"

namespace llama {

template class basic_adapted_model<cpu_engine>;

}  // namespace llama

// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu.hpp>

#include "softmax.hpp"

#include "../predictions_impl.hpp"

namespace llama {

template void log_probabilities<cpu_engine>(cpu_policy&, model const&, predictions const&,
                                            const_rows, std::span<double>);
template void log_probabilities_backward<cpu_engine>(cpu_policy&, model const&, predictions const&,
                                                     const_rows, std::span<float const>,
                                                     mutable_rows, mutable_rows);

}  // namespace llama

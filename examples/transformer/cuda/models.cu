// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cuda.cuh>

#include "attention.hpp"
#include "engine.hpp"
#include "layers.hpp"
#include "softmax.hpp"

#include "../adapted_model_impl.hpp"
#include "../choice_adapter_impl.hpp"
#include "../choice_environment_impl.hpp"
#include "../generate_impl.hpp"
#include "../model_impl.hpp"
#include "../option_scores_impl.hpp"
#include "../predictions_impl.hpp"

namespace llama {

namespace {

using policy = svf::cuda::stream_policy;

}  // namespace

#define SVFMATH_INSTANTIATE(E)                                                                    \
  template class basic_kv_cache<E>;                                                               \
  template class basic_model<E>;                                                                  \
  template class basic_adapted_model<E>;                                                          \
  template class basic_choice_environment<E>;                                                     \
  template class basic_choice_adapter<E>;                                                         \
  template void log_probabilities<E>(policy&, basic_model<E> const&, predictions const&,          \
                                     operand_rows<E>, std::span<double>);                         \
  template void log_probabilities_backward<E>(                                                    \
      policy&, basic_model<E> const&, predictions const&, operand_rows<E>,                        \
      std::span<float const>, mutable_float_rows<E>, mutable_float_rows<E>);                      \
  template void append_scores<E>(policy&, basic_model<E> const&, choice_batch const&,             \
                                 operand_rows<E>, std::span<encoded_question const* const>,       \
                                 svf::action_table<float>&);                                      \
  template svf::action_table<float> option_scores<E>(                                             \
      policy&, basic_model<E> const&, std::span<encoded_question const* const>, index_t);         \
  template svf::action_table<float> option_scores<E>(                                             \
      policy&, basic_model<E> const&, std::span<encoded_question const>, index_t);                \
  template std::vector<float> next_logits<E>(policy&, basic_model<E> const&, operand_rows<E>,     \
                                             std::string_view);                                   \
  template std::vector<token> generate<E>(policy&, basic_model<E> const&, std::span<token const>, \
                                          generate_options const&, svf::generator&,               \
                                          std::function<bool(token)> const&)
SVFMATH_INSTANTIATE(cuda_engine<float>);
SVFMATH_INSTANTIATE(cuda_engine<svf::bfloat16>);
#undef SVFMATH_INSTANTIATE

static_assert(svf::policy_environment<basic_choice_environment<cuda_engine<float>>>);
static_assert(svf::adaptable_model<basic_choice_adapter<cuda_engine<float>>>);

}  // namespace llama

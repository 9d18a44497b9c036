// SPDX-License-Identifier: Apache-2.0
#include <svfmath/cpu.hpp>

#include "../choice_adapter_impl.hpp"
#include "../choice_environment_impl.hpp"
#include "../generate_impl.hpp"
#include "../option_scores_impl.hpp"

namespace llama {

template void append_scores<cpu_engine>(cpu_policy&, model const&, choice_batch const&, const_rows,
                                        std::span<encoded_question const* const>,
                                        svf::action_table<float>&);
template svf::action_table<float> option_scores<cpu_engine>(
    cpu_policy&, model const&, std::span<encoded_question const* const>, index_t);
template svf::action_table<float> option_scores<cpu_engine>(
    cpu_policy&, model const&, std::span<encoded_question const>, index_t);
template std::vector<float> next_logits<cpu_engine>(cpu_policy&, model const&, const_rows,
                                                    std::string_view);
template std::vector<token> generate<cpu_engine>(cpu_policy&, model const&, std::span<token const>,
                                                 generate_options const&, svf::generator&,
                                                 std::function<bool(token)> const&);
template class basic_choice_environment<cpu_engine>;
template class basic_choice_adapter<cpu_engine>;

}  // namespace llama

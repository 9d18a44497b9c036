// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <transformer/choice_adapter.hpp>

#include "progress.hpp"

namespace cli {

/// The adapter with a bar that moves every few questions.
template <llama::engine E>
class watched_adapter {
 public:
  using adapter_type = llama::basic_choice_adapter<E>;
  using prompt_type = typename adapter_type::prompt_type;
  using answer_type = typename adapter_type::answer_type;
  using example_type = typename adapter_type::example_type;

  watched_adapter(adapter_type adapter, std::size_t questions)
      : adapter_(std::move(adapter)), bar_("questions", questions) {}

  void set_z(std::span<float const> z) { adapter_.set_z(z); }
  std::vector<std::vector<float>> label_scores(std::span<prompt_type const> prompts,
                                               std::span<std::string const> labels) {
    return in_pieces(prompts, [&](auto part) { return adapter_.label_scores(part, labels); });
  }
  std::vector<answer_type> answer(std::span<prompt_type const> prompts) {
    return in_pieces(prompts, [&](auto part) { return adapter_.answer(part); });
  }
  svf::fitness evaluate(std::span<float const> z, std::span<example_type const> examples) {
    bar_.advance(examples.size());
    return adapter_.evaluate(z, examples);
  }

 private:
  template <class F>
  auto in_pieces(std::span<prompt_type const> prompts, F const& serve)
      -> std::invoke_result_t<F const&, std::span<prompt_type const>> {
    constexpr auto piece = std::size_t(E::rows_at_a_time) / 64;
    decltype(serve(prompts)) all;
    for (std::size_t first = 0; first < prompts.size(); first += piece) {
      auto const part = prompts.subspan(first, std::min(piece, prompts.size() - first));
      auto served = serve(part);
      std::move(served.begin(), served.end(), std::back_inserter(all));
      bar_.advance(part.size());
    }
    return all;
  }

  adapter_type adapter_;
  progress_bar bar_;
};

}  // namespace cli

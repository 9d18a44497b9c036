// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "choice_environment.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <svfmath/apply/gradient_accumulator.hpp>
#include <svfmath/core/transfer.hpp>

#include "option_scores.hpp"

/// The members of choice_environment.hpp's class. A unit that instantiates them includes its
/// backend of svfmath before.
namespace llama {

namespace detail {

inline void expect_questions(std::span<std::size_t const> asked, std::size_t count) {
  for (std::size_t q : asked) {
    svf::expects(q < count, svf::error_kind::shape,
                 "choice_environment: expected a question below ", count, ", got ", q);
  }
}

// Sums the z-gradient of every site while the backward pass goes by.
template <engine E>
class z_gradient : public basic_backward_visitor<E> {
 public:
  using policy = typename E::policy;

  z_gradient(policy& exec, basic_adapted_model<E> const& m, index_t rows)
      : exec_(exec), model_(m) {
    site_of_.assign(std::size_t(m.base().cfg().layers) * all_projections.size(), -1);
    first_layer_ = m.base().cfg().layers;
    for (std::size_t s = 0; s < m.places().size(); ++s) {
      auto const place = m.places()[s];
      svf::site const& site = m.layout()[index_t(s)];
      site_of_[slot(place.layer, place.which)] = index_t(s);
      sums_.emplace_back(site.rows, site.cols, rows);
      first_layer_ = std::min(first_layer_, place.layer);
    }
  }

  void projection_gradient(index_t layer, projection p, operand_rows<E> x,
                           operand_rows<E> delta) override {
    index_t const s = site_of_[slot(layer, p)];
    if (s >= 0) {
      sums_[std::size_t(s)].add(exec_, model_.factors()[std::size_t(s)], x, delta);
    }
  }

  // Nothing before the first adapted layer is needed.
  bool stop_at_layer(index_t layer) const override { return layer == first_layer_; }

  // dz += the sums.
  void add_to(std::span<float> dz) {
    auto const z = svf::vector_on(exec_, model_.z());
    auto sums = svf::make_vector<float>(exec_, z.size());
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      svf::site const& site = model_.layout()[index_t(s)];
      sums_[s].finish(
          exec_, model_.factors()[s],
          svf::vector_view<float const, space_of<E>>(z.data() + site.offset, site.rank()),
          svf::vector_view<float, space_of<E>>(sums.data() + site.offset, site.rank()),
          model_.normalise());
    }
    auto const host = svf::host_vector(exec_, sums);
    std::transform(host.begin(), host.end(), dz.begin(), dz.begin(), std::plus<>());
  }

 private:
  static std::size_t slot(index_t layer, projection p) {
    return std::size_t(layer) * all_projections.size() + std::size_t(p);
  }

  policy& exec_;
  basic_adapted_model<E> const& model_;
  std::vector<index_t> site_of_;
  std::vector<svf::gradient_accumulator<float, space_of<E>>> sums_;
  index_t first_layer_ = 0;
};

}  // namespace detail

template <engine E>
basic_choice_environment<E>::basic_choice_environment(policy& exec, basic_adapted_model<E>& m,
                                                      std::vector<encoded_question> questions,
                                                      index_t rows_at_a_time, index_t kept_rows)
    : exec_(exec),
      model_(m),
      questions_(std::move(questions)),
      rows_at_a_time_(rows_at_a_time),
      kept_rows_(kept_rows),
      reference_(questions_.size()) {}

template <engine E>
std::vector<encoded_question const*> basic_choice_environment<E>::chosen(
    std::span<std::size_t const> questions) const {
  std::vector<encoded_question const*> result;
  for (std::size_t q : questions) {
    result.push_back(&questions_[q]);
  }
  return result;
}

template <engine E>
svf::action_table<float> basic_choice_environment<E>::score(
    std::span<float const> z, std::span<std::size_t const> questions) {
  detail::expect_questions(questions, questions_.size());
  model_.set_z(exec_, z);
  auto const asked = chosen(questions);
  pieces_.clear();
  offsets_.clear();
  svf::action_table<float> table;
  index_t rows_so_far = 0;
  for (choice_batch& batch : pack(asked, rows_at_a_time_)) {
    rows_so_far += batch.tokens().rows();
    piece next{std::move(batch), {}, {}};
    if (rows_so_far <= kept_rows_) {
      next.kept.emplace();
    }
    next.hidden = model_.current().forward(exec_, next.batch.tokens(),
                                           next.kept ? &*next.kept : nullptr);
    append_scores(exec_, model_.current(), next.batch, next.hidden.view(),
                  std::span(asked).subspan(table.questions(), next.batch.questions()), table);
    pieces_.push_back(std::move(next));
  }
  offsets_ = table.offsets;
  return table;
}

template <engine E>
svf::action_table<float> basic_choice_environment<E>::reference(
    std::span<std::size_t const> questions) {
  detail::expect_questions(questions, questions_.size());
  if constexpr (!E::keeps_reference) {
    return option_scores(exec_, model_.base(), chosen(questions), rows_at_a_time_);
  }
  svf::action_table<float> table;
  for (std::size_t q : questions) {
    if (reference_[q].empty()) {
      reference_[q] = option_scores(exec_, model_.base(),
                                    std::span<encoded_question const>(&questions_[q], 1))
                          .values;
    }
    table.push_row(reference_[q]);
  }
  return table;
}

template <engine E>
void basic_choice_environment<E>::backward(svf::action_table<float> const& dscores,
                                           std::span<float> dz) {
  svf::expects(dscores.offsets == offsets_, svf::error_kind::shape,
               "choice_environment: expected gradients of the ",
               offsets_.empty() ? 0 : offsets_.size() - 1, " questions scored last");
  svf::expects(index_t(dz.size()) == model_.layout().size(), svf::error_kind::shape,
               "choice_environment: expected dz with D = ", model_.layout().size(),
               " elements, got ", dz.size());
  index_t rows = 0;
  for (piece const& p : pieces_) {
    rows += p.batch.tokens().rows();
  }
  detail::z_gradient<E> gradient(exec_, model_, rows);
  std::size_t first = 0;
  for (piece& p : pieces_) {
    basic_activations<E> kept;
    if (p.kept) {
      kept = std::move(*p.kept);
      p.kept.reset();  // used up, whatever happens below
    } else {
      p.hidden = model_.current().forward(exec_, p.batch.tokens(), &kept);
    }
    auto dhidden = svf::make_matrix<float>(exec_, p.hidden.rows(), p.hidden.cols());
    log_probabilities_backward(exec_, model_.current(), p.batch.wanted(), p.hidden.view(),
                               std::span(dscores.values).subspan(first, p.batch.options()),
                               dhidden.view());
    model_.current().backward(exec_, p.batch.tokens(), kept, dhidden.view(), gradient);
    first += p.batch.options();
  }
  gradient.add_to(dz);
}

}  // namespace llama

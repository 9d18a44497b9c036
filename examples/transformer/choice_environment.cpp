// SPDX-License-Identifier: Apache-2.0
#include "choice_environment.hpp"

#include <algorithm>
#include <utility>

#include <svfmath/apply/gradient_accumulator.hpp>
#include <svfmath/cpu.hpp>

namespace llama {

namespace {

void expect_questions(std::span<std::size_t const> asked, std::size_t count) {
  for (std::size_t q : asked) {
    svf::expects(q < count, svf::error_kind::shape,
                 "choice_environment: expected a question below ", count, ", got ", q);
  }
}

// Sums the z-gradient of every site while the backward pass goes by.
class z_gradient : public backward_visitor {
 public:
  z_gradient(cpu_policy& exec, adapted_model const& m, index_t rows) : exec_(exec), model_(m) {
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

  void projection_gradient(index_t layer, projection p, const_rows x,
                           const_rows delta) override {
    index_t const s = site_of_[slot(layer, p)];
    if (s >= 0) {
      sums_[std::size_t(s)].add(exec_, model_.factors()[std::size_t(s)], x, delta);
    }
  }

  // Nothing before the first adapted layer is needed.
  bool stop_at_layer(index_t layer) const override { return layer == first_layer_; }

  // dz += the sums.
  void add_to(std::span<float> dz) {
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      svf::site const& site = model_.layout()[index_t(s)];
      auto const z = model_.z().subspan(std::size_t(site.offset), std::size_t(site.rank()));
      std::vector<float> part(z.size());
      sums_[s].finish(exec_, model_.factors()[s], z, part, model_.normalise());
      std::transform(part.begin(), part.end(), dz.begin() + site.offset, dz.begin() + site.offset,
                     std::plus<>());
    }
  }

 private:
  static std::size_t slot(index_t layer, projection p) {
    return std::size_t(layer) * all_projections.size() + std::size_t(p);
  }

  cpu_policy& exec_;
  adapted_model const& model_;
  std::vector<index_t> site_of_;
  std::vector<svf::gradient_accumulator<float>> sums_;
  index_t first_layer_ = 0;
};

}  // namespace

choice_environment::choice_environment(cpu_policy& exec, adapted_model& m,
                                       std::vector<encoded_question> questions,
                                       index_t rows_at_a_time, index_t kept_rows)
    : exec_(exec),
      model_(m),
      questions_(std::move(questions)),
      rows_at_a_time_(rows_at_a_time),
      kept_rows_(kept_rows),
      reference_(questions_.size()) {}

svf::action_table<float> choice_environment::score(std::span<float const> z,
                                                   std::span<std::size_t const> questions) {
  expect_questions(questions, questions_.size());
  model_.set_z(exec_, z);
  std::vector<encoded_question const*> asked;
  for (std::size_t q : questions) {
    asked.push_back(&questions_[q]);
  }
  pieces_.clear();
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

svf::action_table<float> choice_environment::reference(std::span<std::size_t const> questions) {
  expect_questions(questions, questions_.size());
  svf::action_table<float> table;
  for (std::size_t q : questions) {
    if (reference_[q].empty()) {
      reference_[q] = option_scores(exec_, model_.base(), std::span(&questions_[q], 1)).values;
    }
    table.push_row(reference_[q]);
  }
  return table;
}

void choice_environment::backward(svf::action_table<float> const& dscores, std::span<float> dz) {
  svf::expects(dscores.offsets == offsets_, svf::error_kind::shape,
               "choice_environment: expected gradients of the ", offsets_.size() - 1,
               " questions scored last");
  svf::expects(index_t(dz.size()) == model_.layout().size(), svf::error_kind::shape,
               "choice_environment: expected dz with D = ", model_.layout().size(),
               " elements, got ", dz.size());
  index_t rows = 0;
  for (piece const& p : pieces_) {
    rows += p.batch.tokens().rows();
  }
  z_gradient gradient(exec_, model_, rows);
  std::size_t first = 0;
  for (piece& p : pieces_) {
    if (!p.kept) {
      p.kept.emplace();
      p.hidden = model_.current().forward(exec_, p.batch.tokens(), &*p.kept);
    }
    svf::matrix<float> dhidden(p.hidden.rows(), p.hidden.cols());
    p.batch.wanted().backward(exec_, model_.current(), p.hidden.view(),
                              std::span(dscores.values).subspan(first, p.batch.options()),
                              dhidden.view());
    model_.current().backward(exec_, p.batch.tokens(), *p.kept, dhidden.view(), gradient);
    p.kept.reset();
    first += p.batch.options();
  }
  gradient.add_to(dz);
}

}  // namespace llama

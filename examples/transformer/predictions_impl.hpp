// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "predictions.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "operand.hpp"

/// The functions of predictions.hpp. A unit that instantiates them includes softmax.hpp of its
/// engine before.
namespace llama {

namespace detail {

// A few predicting rows, their targets and the logits of the rows.
template <engine E>
struct prediction_piece {
  std::span<index_t const> rows;
  std::span<std::size_t const> first_target;  // one more than rows
  operand_matrix<E> hidden;                   // (rows, d)
  float_matrix<E> logits;                     // (rows, vocabulary)
};

template <engine E, class Body>
void for_each_piece(typename E::policy& exec, basic_model<E> const& m, predictions const& wanted,
                    operand_rows<E> hidden, Body&& body) {
  auto const most = std::size_t(E::logit_rows);
  for (std::size_t first = 0; first < wanted.rows().size(); first += most) {
    auto const count = std::min(most, wanted.rows().size() - first);
    prediction_piece<E> piece{
        wanted.rows().subspan(first, count), wanted.first_target().subspan(first, count + 1),
        svf::make_matrix<typename E::weight>(exec, index_t(count), hidden.cols),
        svf::make_matrix<float>(exec, index_t(count), m.cfg().vocabulary)};
    gather_rows(exec, hidden, svf::vector_view<index_t const>(piece.rows.data(), index_t(count)),
                piece.hidden.view());
    m.project(exec, piece.hidden.view(), piece.logits.view());
    body(piece);
  }
}

}  // namespace detail

template <engine E>
void log_probabilities(typename E::policy& exec, basic_model<E> const& m, predictions const& wanted,
                       operand_rows<E> hidden, std::span<double> sums) {
  detail::for_each_piece<E>(exec, m, wanted, hidden, [&](detail::prediction_piece<E> const& piece) {
    auto const normalisers = log_sums_of_rows(exec, piece.logits.view());
    std::vector<logit_place> places;
    for (std::size_t i = 0; i < piece.rows.size(); ++i) {
      for (std::size_t t = piece.first_target[i]; t < piece.first_target[i + 1]; ++t) {
        places.push_back({index_t(i), wanted.targets()[t].id});
      }
    }
    auto const logits = logits_at(exec, piece.logits.view(), places);
    auto const host = svf::host_vector(exec, normalisers);
    for (std::size_t k = 0; k < places.size(); ++k) {
      sums[wanted.targets()[piece.first_target.front() + k].slot] +=
          double(logits[k]) - host[places[k].row];
    }
  });
}

template <engine E>
void log_probabilities_backward(typename E::policy& exec, basic_model<E> const& m,
                                predictions const& wanted, operand_rows<E> hidden,
                                std::span<float const> dsums, mutable_float_rows<E> dhidden,
                                mutable_float_rows<E> doutput) {
  set_zero(exec, dhidden);
  detail::for_each_piece<E>(exec, m, wanted, hidden, [&](detail::prediction_piece<E>& piece) {
    // d/dlogits of Σ w·log p(target): Σ w·(onehot − softmax)
    auto const normalisers = log_sums_of_rows(exec, as_const(piece.logits.view()));
    std::vector<float> totals(piece.rows.size());
    std::vector<logit_place> places;
    std::vector<float> coefficients;
    for (std::size_t i = 0; i < piece.rows.size(); ++i) {
      for (std::size_t t = piece.first_target[i]; t < piece.first_target[i + 1]; ++t) {
        auto const target = wanted.targets()[t];
        totals[i] += dsums[target.slot];
        places.push_back({index_t(i), target.id});
        coefficients.push_back(dsums[target.slot]);
      }
    }
    softmax_gradient(exec, piece.logits.view(), normalisers.view(), totals, places, coefficients);
    operand<E> const scores(exec, piece.logits.view());
    auto gradient = svf::make_matrix<float>(exec, index_t(piece.rows.size()), hidden.cols);
    gemm(exec, 1.0f, scores.view(), m.parameters().output_matrix().view(), 0.0f, gradient.view());
    if (doutput.rows > 0) {
      gemm(exec, 1.0f, transposed(scores.view()), as_const(piece.hidden.view()), 1.0f, doutput);
    }
    scatter_rows(exec, as_const(gradient.view()), piece.rows, dhidden);
  });
}

}  // namespace llama

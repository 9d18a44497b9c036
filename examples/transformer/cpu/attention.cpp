// SPDX-License-Identifier: Apache-2.0
#include "attention.hpp"

#include <cmath>

#include <Eigen/Core>
#include <svfmath/cpu/blas.hpp>

namespace llama {

namespace {

// One head's columns of some rows.
template <class T>
svf::matrix_view<T> head_block(svf::matrix_view<T> x, row_range rows, index_t head,
                               index_t head_dim) {
  return x.block(rows.first, head * head_dim, rows.count, head_dim);
}

// Row-wise softmax of scale·scores, where row i sees its first `visible + i` columns. The logarithm
// of row i's sum goes to log_sums(i, 0), where that has rows.
void causal_softmax(mutable_rows scores, float scale, index_t visible, mutable_rows log_sums) {
  for (index_t i = 0; i < scores.rows; ++i) {
    float* const row = scores.row(i).data;
    Eigen::Map<Eigen::ArrayXf> seen(row, visible + i);
    Eigen::Map<Eigen::ArrayXf> hidden(row + visible + i, scores.cols - visible - i);
    float const top = seen.maxCoeff();
    seen = ((seen - top) * scale).exp();
    float const sum = seen.sum();
    seen *= 1.0f / sum;
    hidden.setZero();
    if (log_sums.rows > 0) {
      log_sums(i, 0) = top * scale + std::log(sum);
    }
  }
}

// The same with the sums that a forward pass found.
void causal_softmax_again(mutable_rows scores, float scale, index_t visible, const_rows log_sums) {
  for (index_t i = 0; i < scores.rows; ++i) {
    float* const row = scores.row(i).data;
    Eigen::Map<Eigen::ArrayXf> seen(row, visible + i);
    Eigen::Map<Eigen::ArrayXf> hidden(row + visible + i, scores.cols - visible - i);
    seen = (seen * scale - log_sums(i, 0)).exp();
    hidden.setZero();
  }
}

// The keys a segment sees: `context` rows before it (its trunk, or nothing) and its own rows.
struct segment {
  row_range context;
  row_range own;

  index_t columns() const { return context.count + own.count; }
};

template <class F>
void for_each_segment(token_batch::sequence const& sequence, F&& f) {
  f(segment{{sequence.trunk.first, 0}, sequence.trunk});
  for (row_range const& branch : sequence.branches) {
    f(segment{sequence.trunk, branch});
  }
}

// q kᵀ of a segment's rows and the keys that they may see.
svf::matrix<float> scores_of(svf::cpu::seq& exec, config const& c, segment const& part,
                             const_rows q, const_rows k, index_t head, index_t kv_head) {
  svf::matrix<float> scores(part.own.count, part.columns());
  auto const queries = head_block(q, part.own, head, c.head_dim);
  auto const fill = [&](row_range rows, index_t column) {
    if (rows.count > 0) {
      gemm(exec, 1.0f, queries, transposed(head_block(k, rows, kv_head, c.head_dim)), 0.0f,
           scores.view().cols_range(column, rows.count));
    }
  };
  fill(part.context, 0);
  fill(part.own, part.context.count);
  return scores;
}

float scale_of(config const& c) { return 1.0f / std::sqrt(float(c.head_dim)); }

}  // namespace

void attention(cpu_policy& exec, config const& c, token_batch const& batch, const_rows q,
               const_rows k, const_rows v, mutable_rows out, mutable_rows log_sums) {
  index_t const group = c.heads / c.kv_heads;
  auto const sequences = batch.sequences();
  for_each_index(exec, index_t(sequences.size()) * c.heads, [&](index_t task) {
    auto const& sequence = sequences[std::size_t(task / c.heads)];
    index_t const head = task % c.heads;
    svf::cpu::seq local;
    for_each_segment(sequence, [&](segment const& part) {
      auto p = scores_of(local, c, part, q, k, head, head / group);
      causal_softmax(p.view(), scale_of(c), part.context.count + 1,
                     head_block(log_sums, part.own, head, 1));
      auto const target = head_block(out, part.own, head, c.head_dim);
      gemm(local, 1.0f, p.view().cols_range(part.context.count, part.own.count),
           head_block(v, part.own, head / group, c.head_dim), 0.0f, target);
      if (part.context.count > 0) {
        gemm(local, 1.0f, p.view().cols_range(0, part.context.count),
             head_block(v, part.context, head / group, c.head_dim), 1.0f, target);
      }
    });
  });
}

void attention_backward(cpu_policy& exec, config const& c, token_batch const& batch, const_rows q,
                        const_rows k, const_rows v, const_rows out, const_rows log_sums,
                        const_rows dout, mutable_rows dq, mutable_rows dk, mutable_rows dv) {
  index_t const group = c.heads / c.kv_heads;
  auto const sequences = batch.sequences();
  // One task owns all rows of a sequence and all heads of a key head: no two tasks write the same
  // element, and the order of the sums is fixed.
  for_each_index(exec, index_t(sequences.size()) * c.kv_heads, [&](index_t task) {
    auto const& sequence = sequences[std::size_t(task / c.kv_heads)];
    index_t const kv_head = task % c.kv_heads;
    svf::cpu::seq local;
    for_each_segment(sequence, [&](segment const& part) {
      for (mutable_rows gradient : {dk, dv}) {
        auto const block = head_block(gradient, part.own, kv_head, c.head_dim);
        for (index_t i = 0; i < block.rows; ++i) {
          std::fill_n(block.row(i).data, block.cols, 0.0f);
        }
      }
    });
    for (index_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      for_each_segment(sequence, [&](segment const& part) {
        auto p = scores_of(local, c, part, q, k, head, kv_head);
        causal_softmax_again(p.view(), scale_of(c), part.context.count + 1,
                             head_block(log_sums, part.own, head, 1));
        svf::matrix<float> ds(part.own.count, part.columns());  // dL/dp, then dL/dscores
        auto const gradient = head_block(dout, part.own, head, c.head_dim);
        auto const with_ranges = [&](auto&& f) {
          f(part.own, part.context.count);
          if (part.context.count > 0) {
            f(part.context, index_t{0});
          }
        };
        with_ranges([&](row_range rows, index_t column) {
          gemm(local, 1.0f, gradient, transposed(head_block(v, rows, kv_head, c.head_dim)), 0.0f,
               ds.view().cols_range(column, rows.count));
          gemm(local, 1.0f, transposed(p.view().cols_range(column, rows.count)), gradient, 1.0f,
               head_block(dv, rows, kv_head, c.head_dim));
        });
        // The mean of dL/dp under p is the row's o · dL/do.
        auto const result = head_block(out, part.own, head, c.head_dim);
        for (index_t i = 0; i < ds.rows(); ++i) {
          Eigen::Map<Eigen::ArrayXf> row(ds.data() + i * ds.cols(), ds.cols());
          Eigen::Map<Eigen::ArrayXf const> weight(p.data() + i * p.cols(), p.cols());
          Eigen::Map<Eigen::ArrayXf const> o(result.row(i).data, c.head_dim);
          Eigen::Map<Eigen::ArrayXf const> d(gradient.row(i).data, c.head_dim);
          row = scale_of(c) * weight * (row - (o * d).sum());
        }
        auto const queries = head_block(q, part.own, head, c.head_dim);
        auto const target = head_block(dq, part.own, head, c.head_dim);
        float keep = 0.0f;
        with_ranges([&](row_range rows, index_t column) {
          auto const block = as_const(ds.view().cols_range(column, rows.count));
          gemm(local, 1.0f, block, head_block(k, rows, kv_head, c.head_dim), keep, target);
          gemm(local, 1.0f, transposed(block), queries, 1.0f,
               head_block(dk, rows, kv_head, c.head_dim));
          keep = 1.0f;
        });
      });
    }
  });
}

void cached_attention(cpu_policy& exec, config const& c, index_t past, const_rows q, const_rows k,
                      const_rows v, mutable_rows out) {
  index_t const group = c.heads / c.kv_heads;
  row_range const all{0, k.rows};
  for_each_index(exec, c.heads, [&](index_t head) {
    svf::cpu::seq local;
    svf::matrix<float> scores(q.rows, k.rows);
    gemm(local, 1.0f, head_block(q, {0, q.rows}, head, c.head_dim),
         transposed(head_block(k, all, head / group, c.head_dim)), 0.0f, scores.view());
    causal_softmax(scores.view(), scale_of(c), past + 1, {});
    gemm(local, 1.0f, scores.view(), head_block(v, all, head / group, c.head_dim), 0.0f,
         head_block(out, {0, q.rows}, head, c.head_dim));
  });
}

}  // namespace llama

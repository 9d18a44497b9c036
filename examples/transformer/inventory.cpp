// SPDX-License-Identifier: Apache-2.0
#include "inventory.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <set>

#include <tbb/parallel_for.h>

#include <svfmath/core/error.hpp>
#include <svfmath/io/tensor_info.hpp>

#include "unicode.hpp"

namespace llama {

namespace {

using svf::error_kind;
using shape_map = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;

shape_map expected_shapes(checkpoint const& c) {
  auto const width = std::uint64_t(c.cfg.width);
  auto const hidden = std::uint64_t(c.cfg.hidden);
  auto const query = std::uint64_t(c.cfg.query_width());
  auto const key = std::uint64_t(c.cfg.kv_width());
  auto const vocabulary = std::uint64_t(c.cfg.vocabulary);
  shape_map shapes;
  shapes[c.embedding()] = {vocabulary, width};
  shapes[c.output_norm()] = {width};
  shapes[c.output()] = {vocabulary, width};
  for (index_t layer = 0; layer < c.cfg.layers; ++layer) {
    layer_names const names = c.names(layer);
    shapes[names.attn_norm] = {width};
    shapes[names.q] = {query, width};
    shapes[names.k] = {key, width};
    shapes[names.v] = {key, width};
    shapes[names.o] = {width, query};
    shapes[names.ffn_norm] = {width};
    shapes[names.gate] = {hidden, width};
    shapes[names.up] = {hidden, width};
    shapes[names.down] = {width, hidden};
  }
  return shapes;
}

bool all_finite(std::span<float const> values) {
  constexpr std::uint32_t exponent = 0x7F800000u;
  bool finite = true;
  for (float const value : values) {
    finite &= (std::bit_cast<std::uint32_t>(value) & exponent) != exponent;
  }
  return finite;
}

}  // namespace

checkpoint::naming naming_of(std::span<listed_tensor const> listing) {
  bool const gguf = std::any_of(listing.begin(), listing.end(), [](listed_tensor const& tensor) {
    return tensor.name == "token_embd.weight";
  });
  return gguf ? checkpoint::naming::gguf : checkpoint::naming::hugging_face;
}

void check_inventory(checkpoint const& c, std::span<listed_tensor const> listing) {
  shape_map const expected = expected_shapes(c);
  std::set<std::string_view> present;
  for (listed_tensor const& tensor : listing) {
    auto const found = expected.find(tensor.name);
    svf::expects(found != expected.end(), error_kind::format, c.source, ": tensor ",
                 in_quotes(tensor.name), " is not part of this Llama model of ", c.cfg.layers,
                 " layers", c.cfg.tied_output ? " with a tied output" : "");
    svf::expects(tensor.shape == found->second, error_kind::shape, c.source, ": tensor ",
                 in_quotes(tensor.name), ": expected shape ", svf::shape_text(found->second),
                 ", got ", svf::shape_text(tensor.shape));
    svf::expects(present.insert(tensor.name).second, error_kind::format, c.source, ": tensor ",
                 in_quotes(tensor.name), " occurs twice");
  }
  for (auto const& entry : expected) {
    svf::expects(present.contains(entry.first), error_kind::format, c.source,
                 ": expected a tensor ", in_quotes(entry.first), ", got ", listing.size(),
                 " tensors without it");
  }
}

void read_tensors(checkpoint& c, std::span<listed_tensor const> listing,
                  std::function<void(std::size_t, std::span<float>)> const& read) {
  check_inventory(c, listing);
  std::vector<tensor*> places;
  for (listed_tensor const& listed : listing) {
    places.push_back(&c.tensors[listed.name]);
  }
  auto const read_one = [&](std::size_t i) {
    auto const& shape = listing[i].shape;
    index_t const rows = shape.size() == 1 ? 1 : index_t(shape[0]);
    svf::matrix<float> values(rows, index_t(shape.back()));
    std::span<float> const elements(values.data(), std::size_t(values.size()));
    read(i, elements);
    svf::expects(all_finite(elements), error_kind::numeric, c.source, ": tensor ",
                 in_quotes(listing[i].name), " holds NaN or Inf");
    *places[i] = {std::move(values), int(shape.size())};
  };
  // Which of several bad tensors is reported must not depend on the threads: the first.
  std::vector<std::exception_ptr> problems(listing.size());
  tbb::parallel_for(std::size_t{0}, listing.size(), [&](std::size_t i) {
    try {
      read_one(i);
    } catch (...) {
      problems[i] = std::current_exception();
    }
  });
  for (auto const& problem : problems) {
    if (problem) {
      std::rethrow_exception(problem);
    }
  }
}

void validate(checkpoint const& c) {
  validate(c.cfg, c.source);
  std::vector<listed_tensor> listing;
  for (auto const& [name, tensor] : c.tensors) {
    auto const rows = std::uint64_t(tensor.values.rows());
    auto const cols = std::uint64_t(tensor.values.cols());
    bool const row = tensor.dimensions == 1 && rows == 1;
    listing.push_back({name, row ? std::vector{cols} : std::vector{rows, cols}});
    svf::expects(
        all_finite({tensor.values.data(), std::size_t(tensor.values.size())}), error_kind::numeric,
        c.source, ": tensor ", in_quotes(name), " holds NaN or Inf");
  }
  check_inventory(c, listing);
}

}  // namespace llama

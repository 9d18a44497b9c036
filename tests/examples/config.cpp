// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include <svfmath/core/error.hpp>

#include "transformer/config.hpp"

namespace {

llama::config smollm2() {
  llama::config c;
  c.layers = 30;
  c.width = 576;
  c.hidden = 1536;
  c.heads = 9;
  c.kv_heads = 3;
  c.head_dim = 64;
  c.vocabulary = 49152;
  c.context = 8192;
  return c;
}

template <class Change>
bool refused_field(std::string const& field, Change change) {
  llama::config c = smollm2();
  change(c);
  try {
    llama::validate(c, "here");
  } catch (svf::error const& problem) {
    std::string const message = problem.what();
    return problem.kind() == svf::error_kind::format && message.starts_with("here: " + field);
  }
  return false;
}

}  // namespace

TEST_CASE("config: a good one passes and counts its parameters") {
  CHECK_NOTHROW(llama::validate(smollm2(), "here"));
  CHECK(llama::parameter_count(smollm2()) == 134515008);
  llama::config untied = smollm2();
  untied.tied_output = false;
  CHECK(llama::parameter_count(untied) == 134515008 + 49152 * 576);
}

TEST_CASE("config: every bad field is refused by its name") {
  using svf::index_t;
  constexpr auto huge = std::numeric_limits<index_t>::max();
  for (index_t const bad : {index_t{0}, index_t{-1}, huge}) {
    CHECK(refused_field("layers", [&](auto& c) { c.layers = bad; }));
    CHECK(refused_field("width", [&](auto& c) { c.width = bad; }));
    CHECK(refused_field("hidden", [&](auto& c) { c.hidden = bad; }));
    CHECK(refused_field("heads", [&](auto& c) { c.heads = bad; }));
    CHECK(refused_field("kv_heads", [&](auto& c) { c.kv_heads = bad; }));
    CHECK(refused_field("head_dim", [&](auto& c) { c.head_dim = bad; }));
    CHECK(refused_field("vocabulary", [&](auto& c) { c.vocabulary = bad; }));
    CHECK(refused_field("context", [&](auto& c) { c.context = bad; }));
  }
  CHECK(refused_field("context must be in 1 … 1048576, got 1048577",
                      [](auto& c) { c.context = (1 << 20) + 1; }));
  llama::config longest = smollm2();
  longest.context = 1 << 20;
  CHECK_NOTHROW(llama::validate(longest, "here"));
  // The rotary tables have context * head_dim floats: 512 MiB here, 16 GiB there.
  longest.head_dim = 128;
  CHECK_NOTHROW(llama::validate(longest, "here"));
  CHECK(refused_field("context * head_dim must be in 1 … 134217728, got 4294967296", [](auto& c) {
    c.context = 1 << 20;
    c.head_dim = 4096;
  }));
  CHECK(refused_field("heads must be a multiple", [](auto& c) { c.kv_heads = 2; }));
  CHECK(refused_field("head_dim", [](auto& c) { c.head_dim = 63; }));
  CHECK(refused_field("heads * head_dim", [](auto& c) {
    c.heads = c.kv_heads = 4096;
    c.head_dim = 4096;
  }));
  float const nan = std::numeric_limits<float>::quiet_NaN();
  for (float const bad : {0.0f, -1.0f, 1.0f, nan}) {
    CHECK(refused_field("rms_epsilon", [&](auto& c) { c.rms_epsilon = bad; }));
  }
  for (float const bad : {0.0f, 0.5f, std::numeric_limits<float>::infinity(), nan}) {
    CHECK(refused_field("rope_theta", [&](auto& c) { c.rope_theta = bad; }));
  }
}

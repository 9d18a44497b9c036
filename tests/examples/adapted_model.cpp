// SPDX-License-Identifier: Apache-2.0
#include <transformer/adapted_model.hpp>

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <support/close.hpp>
#include <support/temp_directory.hpp>

#include "small_model.hpp"

namespace {

llama::adapted_model small_adapted(llama::cpu_policy& exec, llama::checkpoint const& source,
                                   std::span<llama::projection const> chosen = {}) {
  auto const sites = llama::sites_of(exec, source, chosen);
  return {exec, source, sites, llama::factor_sites(exec, source, sites, nullptr).factors};
}

bool equal_weights(llama::model const& a, llama::model const& b) {
  for (std::size_t l = 0; l < a.parameters().layers.size(); ++l) {
    for (auto p : llama::all_projections) {
      if (test::max_difference(a.parameters().layers[l][p], b.parameters().layers[l][p]) != 0.0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("adapted_model: sites go layer by layer under the file's names") {
  llama::cpu_policy exec(2);
  auto const source = test::checkpoint_of(test::small_model(test::small_config(false, true), 1));
  auto const sites = llama::sites_of(exec, source);
  REQUIRE(sites.layout->count() == 14);
  CHECK((*sites.layout)[0].name == source.names(0).q);
  CHECK((*sites.layout)[7].name == source.names(1).q);
  CHECK((*sites.layout)[13].name == source.names(1).down);
  CHECK((*sites.layout)[13].layer == 1);
  CHECK((*sites.layout)[1].rank() == 8);   // k: 8×12
  CHECK(sites.layout->size() == 2 * (12 + 8 + 8 + 12 + 12 + 12 + 12));
  std::vector<llama::projection> const mlp{llama::projection::gate, llama::projection::up,
                                           llama::projection::down};
  CHECK(llama::sites_of(exec, source, mlp).layout->count() == 6);
}

TEST_CASE("adapted_model: z = 1 is the base bit for bit, also after other experts") {
  llama::cpu_policy exec(2);
  auto const source = test::checkpoint_of(test::small_model(test::small_config(false, true), 2));
  auto m = small_adapted(exec, source);
  auto const size = std::size_t(m.layout().size());
  m.set_z(exec, test::uniform_vector<float>(size, 0.5f, 1.5f, 9));
  CHECK(!equal_weights(m.base(), m.current()));
  m.set_z(exec, std::vector<float>(size, 1.0f));
  CHECK(equal_weights(m.base(), m.current()));
}

TEST_CASE("adapted_model: the weights are U diag(sigma z) V^T whatever was set before") {
  llama::cpu_policy exec(2);
  auto const source = test::checkpoint_of(test::small_model(test::small_config(true, true), 3));
  auto m = small_adapted(exec, source);
  auto const size = std::size_t(m.layout().size());
  auto const z = test::uniform_vector<float>(size, 0.5f, 1.5f, 4);
  m.set_z(exec, test::uniform_vector<float>(size, 0.0f, 2.0f, 5));
  m.set_z(exec, z);
  auto const factors = m.factors();
  for (std::size_t s = 0; s < factors.size(); ++s) {
    auto const& f = factors[s];
    auto const& site = m.layout()[llama::index_t(s)];
    auto const place = m.places()[s];
    auto const& w = m.current().parameters().layers[std::size_t(place.layer)][place.which];
    double worst = 0.0;
    for (llama::index_t i = 0; i < w.rows(); ++i) {
      for (llama::index_t j = 0; j < w.cols(); ++j) {
        double expected = 0.0;
        for (llama::index_t k = 0; k < f.rank(); ++k) {
          expected += double(f.u(i, k)) * double(f.s[k]) *
                      double(z[std::size_t(site.offset + k)]) * double(f.vt(k, j));
        }
        worst = std::max(worst, std::abs(double(w(i, j)) - expected));
      }
    }
    CHECK(worst <= 1e-5);  // 20 products of size below 10, float
  }
}

TEST_CASE("adapted_model: a change at some sites gives the bits of setting all of it at once") {
  llama::cpu_policy exec(2);
  auto const source = test::checkpoint_of(test::small_model(test::small_config(true, true), 4));
  auto m = small_adapted(exec, source);
  auto const size = std::size_t(m.layout().size());
  auto z = test::uniform_vector<float>(size, 0.5f, 1.5f, 8);
  for (std::size_t const changed : {std::size_t{0}, std::size_t{13}, std::size_t{5}}) {
    CAPTURE(changed);
    m.set_z(exec, z);
    auto const& site = m.layout()[llama::index_t(changed)];
    z[std::size_t(site.offset + site.rank() - 1)] *= -2.0f;
    m.set_z(exec, z);
    auto fresh = small_adapted(exec, source);
    fresh.set_z(exec, z);
    CHECK(equal_weights(m.current(), fresh.current()));
    // Back to the base at one site alone.
    std::fill_n(z.begin() + site.offset, site.rank(), 1.0f);
    m.set_z(exec, z);
    fresh.set_z(exec, z);
    CHECK(equal_weights(m.current(), fresh.current()));
    auto const place = m.places()[changed];
    auto const& w = m.current().parameters().layers[std::size_t(place.layer)][place.which];
    CHECK(test::max_difference(w, source.matrix(site.name)) == 0.0);
  }
}

TEST_CASE("adapted_model: wrong z is refused and leaves the model usable") {
  llama::cpu_policy exec(1);
  auto const source = test::checkpoint_of(test::small_model(test::small_config(true, true), 3));
  auto m = small_adapted(exec, source);
  auto const size = std::size_t(m.layout().size());
  CHECK_THROWS_AS(m.set_z(exec, std::vector<float>(size - 1, 1.0f)), svf::error);
  std::vector<float> poisoned(size, 1.0f);
  poisoned[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(m.set_z(exec, poisoned), svf::error);
  CHECK(equal_weights(m.base(), m.current()));
}

TEST_CASE("adapted_model: a second run takes every site from the cache, with the same bits") {
  llama::cpu_policy exec(2);
  test::temp_directory const folder;
  svf::factor_cache const cache(folder.path() / "cache");
  auto const source = test::checkpoint_of(test::small_model(test::small_config(true, true), 6));
  auto const sites = llama::sites_of(exec, source);
  std::size_t calls = 0;
  auto const first = llama::factor_sites(exec, source, sites, &cache,
                                         [&](std::size_t, std::size_t) { ++calls; });
  auto const second = llama::factor_sites(exec, source, sites, &cache);
  CHECK(calls == 14);
  CHECK(first.from_cache == 0);
  CHECK(second.from_cache == 14);
  for (std::size_t s = 0; s < 14; ++s) {
    CHECK(test::max_difference(first.factors[s].u, second.factors[s].u) == 0.0);
    CHECK(test::max_difference(first.factors[s].s, second.factors[s].s) == 0.0);
    CHECK(test::max_difference(first.factors[s].vt, second.factors[s].vt) == 0.0);
    CHECK(first.accuracy[s].reconstruction == second.accuracy[s].reconstruction);
    CHECK(first.accuracy[s].reconstruction <= 1e-6);
    CHECK(first.accuracy[s].orthogonality <= 1e-6);
  }
  CHECK(first.kept == 14);
  CHECK(second.kept == 14);
  // A cache of another precision has none of these, and keeps what it says.
  svf::factor_cache const halves(folder.path() / "cache", {}, svf::storage_precision::fp16);
  auto const third = llama::factor_sites(exec, source, sites, &halves);
  auto const fourth = llama::factor_sites(exec, source, sites, &halves);
  CHECK(third.from_cache == 0);
  CHECK(fourth.from_cache == 14);
  for (std::size_t s = 0; s < 14; ++s) {
    CHECK(test::max_difference(third.factors[s].u, fourth.factors[s].u) == 0.0);
    CHECK(third.unrounded[s].reconstruction == first.accuracy[s].reconstruction);
    CHECK(third.accuracy[s].reconstruction > 1e-5);
    CHECK(third.accuracy[s].reconstruction < 0x1p-11);
  }
}

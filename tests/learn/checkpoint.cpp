// SPDX-License-Identifier: Apache-2.0
#include <svfmath/learn/checkpoint.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <svfmath/learn/preset.hpp>

#include "support/bandit.hpp"
#include "support/temp_directory.hpp"

using svf::trainer;
using svf::trainer_options;
using test::dimension;
using test::sigma;

namespace {

constexpr std::uint64_t steps = 9;

trainer_options options_with(svf::advantage::any baseline) {
  auto o = svf::make_options(svf::preset::paper, steps);
  o.baseline = baseline;
  o.parameters = svf::parameterisation::additive;
  o.samples = 2;
  o.batch = 16;
  o.seed = 0xFEDCBA9876543210u;  // integers beyond 2⁵³ too
  o.optimiser.weight_decay = 0.01;
  o.validate_every = 2;
  o.patience = 3;
  o.learning_rate.base = 0.05;
  return o;
}

double validate(std::span<float const> z) { return std::sin(100.0 * double(z[0])); }

bool stop(svf::step_record const&, trainer const&) { return true; }

// Expects the file to be refused as a malformed one, by its name.
void check_refused(std::filesystem::path const& path, trainer_options const& options) {
  try {
    svf::load_checkpoint(path, options);
    FAIL_CHECK("the checkpoint was taken");
  } catch (svf::error const& e) {
    INFO(std::string(e.what()));
    CHECK(e.kind() == svf::error_kind::format);
    CHECK(std::string(e.what()).find(path.string()) != std::string::npos);
  }
}

std::string content(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A checkpoint after three steps with one of its arrays or its options changed.
void write_changed(std::filesystem::path const& path, trainer const& run,
                   std::function<void(svf::detail::flat_state&)> const& change,
                   std::string const& left_out = "", std::string const& added = "",
                   std::string const& format = "svfmath.trainer/1") {
  auto flat = svf::detail::flatten(run.state(), run.sigma());
  change(flat);
  svf::safetensors_writer writer;
  svf::detail::for_each_array(flat, [&](char const* name, auto const& values) {
    using T = typename std::remove_cvref_t<decltype(values)>::value_type;
    if (name != left_out) {
      writer.add(name, {std::uint64_t(values.size())}, std::span<T const>(values));
    }
  });
  if (!added.empty()) writer.add_owned(added, svf::dtype::f32, {0}, {});
  writer.set_metadata("format", format);
  writer.set_metadata("options", svf::detail::options_text(run.options()));
  writer.write(path);
}

}  // namespace

TEST_CASE("checkpoint: resuming at every step equals the uninterrupted run, bit for bit") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  for (svf::advantage::any const& baseline :
       {svf::advantage::any(svf::advantage::none{}), svf::advantage::any(svf::advantage::ema{}),
        svf::advantage::any(svf::advantage::group_normalised{})}) {
    auto const o = options_with(baseline);
    test::bandit env(40, dimension, 17);
    trainer whole(o, dimension, sigma);
    auto const end = whole.run(env, validate);
    for (std::uint64_t cut = 0; cut <= whole.steps_done(); ++cut) {
      CAPTURE(cut);
      test::bandit fresh(40, dimension, 17);
      trainer first(o, dimension, sigma);
      for (std::uint64_t i = 0; i < cut; ++i) first.run(fresh, validate, stop);
      svf::save_checkpoint(path, first);
      auto second = svf::load_checkpoint(path, o);
      CHECK(second.state() == first.state());
      CHECK(second.options() == o);
      test::bandit other(40, dimension, 17);
      CHECK(second.run(other, validate) == end);
      CHECK(second.state() == whole.state());
      CHECK(second.z() == whole.z());
    }
  }
}

TEST_CASE("checkpoint: a run that is saved at every step equals one that is not") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::ema{.decay = 0.7});
  test::bandit env(40, dimension, 17);
  trainer whole(o, dimension, sigma);
  whole.run(env, validate);
  trainer run(o, dimension, sigma);
  while (run.run(env, validate, stop) == svf::run_end::observer) {
    svf::save_checkpoint(path, run);
    auto const before = content(path);
    run = svf::load_checkpoint(path, o);
    svf::save_checkpoint(path, run);
    CHECK(content(path) == before);
  }
  CHECK(run.state() == whole.state());
}

TEST_CASE("checkpoint: other options are refused with the line that differs") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::none{});
  svf::save_checkpoint(path, trainer(o, dimension, sigma));
  auto other = o;
  other.learning_rate.base = std::nextafter(0.05, 1.0);
  CHECK_THROWS_WITH_AS(svf::load_checkpoint(path, other), doctest::Contains("rate.base"),
                       svf::error);
}

TEST_CASE("checkpoint: every option that changes is noticed, by its name") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::none{});
  svf::save_checkpoint(path, trainer(o, dimension, sigma));
  CHECK_NOTHROW(svf::load_checkpoint(path, o));
  struct { char const* name; void (*change)(trainer_options&); } const changes[] = {
      {"parameters", [](auto& c) { c.parameters = svf::parameterisation::sigmoid; }},
      {"normalise", [](auto& c) { c.normalise = svf::normalisation::nuclear; }},
      {"start.mean", [](auto& c) { c.start.mean += 1e-9; }},
      {"start.deviation", [](auto& c) { c.start.deviation += 1e-9; }},
      {"samples", [](auto& c) { c.samples += 1; }},
      {"baseline", [](auto& c) { c.baseline = svf::advantage::batch_mean{}; }},
      {"sampling", [](auto& c) { c.objective.mode = svf::sampling::greedy; }},
      {"kl.coefficient", [](auto& c) { c.objective.kl.coefficient = 0.2; }},
      {"kl.direction",
       [](auto& c) { c.objective.kl.direction = svf::kl_direction::reference_to_policy; }},
      {"kl.estimator", [](auto& c) { c.objective.kl.estimator = svf::kl_estimator::k1; }},
      {"reward.low", [](auto& c) { c.objective.clip.low = -1.0f; }},
      {"reward.high", [](auto& c) { c.objective.clip.high = 1.0f; }},
      {"ratio.low", [](auto& c) { c.objective.trust.low = 0.3; }},
      {"ratio.high", [](auto& c) { c.objective.trust.high = 0.3; }},
      {"adamw.beta1", [](auto& c) { c.optimiser.beta1 = 0.8; }},
      {"adamw.beta2", [](auto& c) { c.optimiser.beta2 = 0.99; }},
      {"adamw.epsilon", [](auto& c) { c.optimiser.epsilon = 1e-6; }},
      {"adamw.weight_decay", [](auto& c) { c.optimiser.weight_decay = 0.0; }},
      {"adamw.decay_centre", [](auto& c) { c.optimiser.decay_centre = 1.0; }},
      {"rate.kind", [](auto& c) { c.learning_rate.kind = svf::schedule_kind::constant; }},
      {"rate.base", [](auto& c) { c.learning_rate.base *= 2.0; }},
      {"rate.last", [](auto& c) { c.learning_rate.last = 1e-4; }},
      {"rate.steps", [](auto& c) { c.learning_rate.steps += 1; }},
      {"rate.warm_up", [](auto& c) { c.learning_rate.warm_up = 2; }},
      {"clip_norm", [](auto& c) { c.clip_norm = 1.0; }},
      {"batch", [](auto& c) { c.batch += 1; }},
      {"steps", [](auto& c) { c.steps -= 1; }},
      {"validate_every", [](auto& c) { c.validate_every = 0; }},
      {"patience", [](auto& c) { c.patience = 0; }},
      {"minimum_gain", [](auto& c) { c.minimum_gain = 0.1; }},
      {"seed", [](auto& c) { c.seed -= 1; }},
  };
  for (auto const& [name, change] : changes) {
    CAPTURE(name);
    auto other = o;
    change(other);
    auto const expected = std::string("other options: expected ") + name + "=";
    CHECK_THROWS_WITH_AS(svf::load_checkpoint(path, other), doctest::Contains(expected.c_str()),
                         svf::error);
  }
}

TEST_CASE("checkpoint: settings of the advantage that change are noticed") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  namespace adv = svf::advantage;
  struct { adv::any saved, other; } const cases[] = {
      {adv::ema{.decay = 0.9}, adv::ema{.decay = 0.8}},
      {adv::ema{.sum = 0.0}, adv::ema{.sum = 0.1}},
      {adv::group_normalised{1e-4}, adv::group_normalised{1e-5}},
      {adv::batch_scaled{1e-4}, adv::batch_scaled{1e-5}},
      {adv::batch_normalised{1e-7}, adv::batch_normalised{1e-4}},
  };
  for (auto const& [saved, other] : cases) {
    svf::save_checkpoint(path, trainer(options_with(saved), dimension, sigma));
    CHECK_NOTHROW(svf::load_checkpoint(path, options_with(saved)));
    CHECK_THROWS_WITH_AS(svf::load_checkpoint(path, options_with(other)),
                         doctest::Contains("expected baseline="), svf::error);
  }
}

TEST_CASE("checkpoint: another setting is refused with the line that differs") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::none{});
  trainer const run(o, dimension, sigma);
  svf::save_checkpoint(path, run, "task=12\nvalidation=34\n");
  CHECK(svf::load_checkpoint(path, o, "task=12\nvalidation=34\n").state() == run.state());
  CHECK_THROWS_WITH_AS(svf::load_checkpoint(path, o, "task=12\nvalidation=35\n"),
                       doctest::Contains("another setting: expected validation=35, got "
                                         "validation=34"),
                       svf::error);
  CHECK_THROWS_AS(svf::load_checkpoint(path, o), svf::error);
  svf::save_checkpoint(path, run);
  CHECK(svf::load_checkpoint(path, o).state() == run.state());
  CHECK_THROWS_AS(svf::load_checkpoint(path, o, "task=12\n"), svf::error);
}

TEST_CASE("checkpoint: contradictory, incomplete and foreign files are refused") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::ema{});
  test::bandit env(40, dimension, 17);
  trainer run(o, dimension, sigma);
  for (int i = 0; i < 3; ++i) run.run(env, validate, stop);
  using flat = svf::detail::flat_state;
  auto const unchanged = [](flat&) {};
  write_changed(path, run, unchanged);
  CHECK(svf::load_checkpoint(path, o).state() == run.state());

  std::vector<std::function<void(flat&)>> const changes{
      [](flat& f) { f.parameters.pop_back(); },
      [](flat& f) { f.parameters[0] = NAN; },
      [](flat& f) { f.parameters.clear(); },
      [](flat& f) { f.first_moment.clear(); },
      [](flat& f) { f.second_moment[2] = -1.0f; },
      [](flat& f) { f.second_moment[2] = INFINITY; },
      [](flat& f) { f.best_z.clear(); },
      [](flat& f) { f.sigma.clear(); },
      [](flat& f) { f.sigma[0] = -1.0f; },
      [](flat& f) { f.counters.pop_back(); },
      [](flat& f) { f.counters[flat::step] += 1; },
      [](flat& f) { f.counters[flat::optimiser_steps] += 1; },
      [](flat& f) { f.counters[flat::random_seed] += 1; },
      [](flat& f) { f.counters[flat::random_stream] += 1; },
      [](flat& f) { f.counters[flat::order_seed] += 1; },
      [](flat& f) { f.counters[flat::order_position] = 41; },
      [](flat& f) { f.counters[flat::stale] += 1; },
      [](flat& f) { f.reals.push_back(0.0); },
      [](flat& f) { f.reals[0] = NAN; },
      [](flat& f) { f.reals[0] += 0.5; },
      [](flat& f) { f.history_steps.pop_back(); },
      [](flat& f) { f.history_values.pop_back(); },
      [](flat& f) { f.validation_scores.pop_back(); },
      [](flat& f) { f.validation_steps.back() = 4; },
      [](flat& f) { std::swap(f.validation_steps[0], f.validation_steps[1]); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    write_changed(path, run, changes[i]);
    check_refused(path, o);
  }
  for (char const* name : {"parameters", "counters", "history.values", "reals"}) {
    write_changed(path, run, unchanged, name);
    check_refused(path, o);
    // The same name with another type or number of dimensions.
    write_changed(path, run, unchanged, name, name);
    check_refused(path, o);
  }
  write_changed(path, run, unchanged, "", "surprise");
  check_refused(path, o);
  write_changed(path, run, unchanged, "", "", "svfmath.trainer/2");
  check_refused(path, o);
  CHECK_THROWS_AS(svf::load_checkpoint(folder.path() / "none.safetensors", o), svf::error);
}

TEST_CASE("checkpoint: truncated files are refused at every length") {
  test::temp_directory folder;
  auto const path = folder.path() / "run.safetensors";
  auto const o = options_with(svf::advantage::none{});
  svf::save_checkpoint(path, trainer(o, dimension, sigma));
  auto const bytes = content(path);
  for (std::size_t length = 0; length < bytes.size(); length += 13) {
    CAPTURE(length);
    std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(length));
    CHECK_THROWS_AS(svf::load_checkpoint(path, o), svf::error);
  }
}

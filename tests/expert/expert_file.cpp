// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <svfmath/expert/expert_file.hpp>

#include <support/random.hpp>
#include <support/raw_file.hpp>
#include <support/temp_directory.hpp>

namespace {

std::shared_ptr<svf::layout const> layout_with(std::uint64_t base) {
  svf::fingerprint const known{{base, base}};
  std::vector<svf::site_spec> sites{{"a.weight", 4, 7, known, 0}, {"b", 6, 5, known, 1}};
  return std::make_shared<svf::layout const>(std::move(sites));
}

svf::expert some_expert(std::shared_ptr<svf::layout const> const& l) {
  auto const z = test::normal_vector<float>(std::size_t(l->size()), 3);
  return svf::expert(l, std::span<float const>(z), "sums");
}

template <class Action>
std::string message_of(svf::error_kind kind, Action&& action) {
  try {
    action();
  } catch (svf::error const& e) {
    CHECK(e.kind() == kind);
    return e.what();
  }
  return "nothing was thrown";
}

bool contains(std::string const& text, std::string const& part) {
  CAPTURE(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("expert_file: gives back the expert and all it says") {
  test::temp_directory const folder;
  auto const path = folder.path() / "skill.safetensors";
  auto const l = layout_with(7);
  auto const e = some_expert(l);
  svf::expert_origin origin;
  origin.parameterisation = svf::parameterisation::sigmoid;
  origin.normalisation = svf::normalisation::nuclear;
  origin.training = {{"task", "añ \"quoted\""}, {"steps", "200"}};
  svf::save_expert(path, e, origin);

  auto const loaded = svf::load_expert(path, l);
  CHECK(std::equal(e.values().begin(), e.values().end(), loaded.value.values().begin()));
  CHECK(loaded.value.name() == "sums");
  CHECK(loaded.value.shared_layout() == l);
  CHECK(loaded.metadata.parameterisation == svf::parameterisation::sigmoid);
  CHECK(loaded.metadata.normalisation == svf::normalisation::nuclear);
  CHECK(loaded.metadata.training == origin.training);
  CHECK(loaded.metadata.base == l->base_fingerprint());
  CHECK(svf::read_expert_metadata(path).training == origin.training);

  svf::safetensors_file const plain(path);
  CHECK(plain.tensors().size() == 2);
  CHECK(plain.read_vector("b.z").size() == 5);
  CHECK(plain.metadata().at("format_version") == "1");
  CHECK(plain.metadata().at("base_fingerprint") == l->base_fingerprint().hex());

  std::string const bytes = test::read_raw(path);
  svf::save_expert(path, loaded.value, loaded.metadata);
  CHECK(test::read_raw(path) == bytes);
}

TEST_CASE("expert_file: refuses another base") {
  test::temp_directory const folder;
  auto const path = folder.path() / "skill.safetensors";
  auto const l = layout_with(7);
  svf::save_expert(path, some_expert(l));
  auto const other = layout_with(8);
  for (bool const allowed : {false, true}) {
    contains(message_of(svf::error_kind::format,
                        [&] { (void)svf::load_expert(path, other, {allowed}); }),
             "skill.safetensors: the expert was made for base " + l->base_fingerprint().hex() +
                 ", this is " + other->base_fingerprint().hex());
  }
}

TEST_CASE("expert_file: an unverified base has to be allowed") {
  test::temp_directory const folder;
  auto const path = folder.path() / "elsewhere.safetensors";
  auto const l = layout_with(7);
  std::vector<float> const a(4, 1.5f);
  std::vector<float> const b(5, 0.5f);
  svf::safetensors_writer writer;
  writer.add_vector("a.weight.z", a);
  writer.add_vector("b.z", b);
  writer.set_metadata("format", "pt");
  writer.write(path);
  contains(message_of(svf::error_kind::format, [&] { (void)svf::load_expert(path, l); }),
           "elsewhere.safetensors: expected a base fingerprint, got a file without one");
  auto const loaded = svf::load_expert(path, l, {.allow_unverified_base = true});
  CHECK(loaded.value.name() == "elsewhere");
  CHECK(loaded.value.site("a.weight")[3] == 1.5f);
  CHECK(!loaded.metadata.base);

  auto const unknown = layout_with(0);
  svf::save_expert(path, some_expert(unknown));
  CHECK(!svf::read_expert_metadata(path).base);
  svf::save_expert(path, some_expert(l));
  contains(message_of(svf::error_kind::format, [&] { (void)svf::load_expert(path, unknown); }),
           "expected weights with fingerprints");
  CHECK(svf::load_expert(path, unknown, {.allow_unverified_base = true}).metadata.base);
}

TEST_CASE("expert_file: names the site that is missing, too much, of wrong size or not finite") {
  test::temp_directory const folder;
  auto const path = folder.path() / "skill.safetensors";
  auto const l = layout_with(7);
  std::vector<float> const a(4, 1.0f);
  std::vector<float> b(5, 1.0f);
  auto const load_of = [&](std::vector<std::string> const& names, svf::error_kind kind) {
    svf::safetensors_writer writer;
    for (std::string const& name : names) {
      writer.add_vector(name, name == "b.z" ? b : a);
    }
    writer.set_metadata("base_fingerprint", l->base_fingerprint().hex());
    writer.write(path);
    return message_of(kind, [&] { (void)svf::load_expert(path, l); });
  };
  using enum svf::error_kind;
  contains(load_of({"a.weight.z"}, shape), "expected the tensor 'b.z' (5), which is missing");
  contains(load_of({"a.weight.z", "b.z", "c.z"}, shape), "got the tensor 'c.z'");
  contains(load_of({"a.weight.z", "b.z", "b"}, shape), "got the tensor 'b'");
  b.resize(6, 1.0f);
  contains(load_of({"a.weight.z", "b.z"}, shape),
           "tensor 'b.z': expected shape [5] for a matrix of 6x5, got [6]");
  b.resize(5);
  for (float const bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF}) {
    b[3] = bad;
    contains(load_of({"a.weight.z", "b.z"}, numeric), "tensor 'b.z': expected finite values, got ");
  }
  CHECK_THROWS_AS((void)svf::load_expert(path, nullptr), svf::error);
}

TEST_CASE("expert_file: refuses metadata it does not understand, by file and key") {
  test::temp_directory const folder;
  auto const path = folder.path() / "skill.safetensors";
  std::pair<char const*, char const*> const bad[] = {
      {"format_version", "2"}, {"base_fingerprint", "xyz"}, {"parameterisation", "cubic"},
      {"normalisation", "maximum"}};
  for (auto const& [key, value] : bad) {
    svf::safetensors_writer writer;
    writer.set_metadata(key, value);
    writer.write(path);
    auto const message =
        message_of(svf::error_kind::format, [&] { (void)svf::read_expert_metadata(path); });
    contains(message, "skill.safetensors: metadata '" + std::string(key) + "'");
    contains(message, value);
  }
  contains(message_of(svf::error_kind::format,
                      [&] { (void)svf::load_expert(folder.path() / "none", layout_with(1)); }),
           "none");
}

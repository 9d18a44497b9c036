// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <svfmath/learn/preset.hpp>

#include "classification.hpp"
#include "training.hpp"

namespace cli {

namespace {

using svf::error_kind;

// FNV-1a, 64 bits, of texts and numbers one after the other.
class content_hash {
 public:
  void add(std::string_view text) {
    add(text.size());
    for (char const c : text) {
      add_byte(static_cast<unsigned char>(c));
    }
  }
  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      add_byte((number >> shift) & 255u);
    }
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  void add_byte(std::uint64_t byte) { state_ = (state_ ^ byte) * 0x100000001B3u; }

  std::uint64_t state_ = 0xCBF29CE484222325u;
};

std::string hash_of(std::span<llama::choice_question const> questions) {
  content_hash hash;
  for (auto const& question : questions) {
    hash.add(question.prompt);
    hash.add(question.options.size());
    for (std::string const& option : question.options) {
      hash.add(option);
    }
    hash.add(question.answer);
  }
  return hash.text();
}

}  // namespace

svf::trainer_options trainer_options_of(train_options const& options) {
  auto result = svf::make_options(svf::preset_from(options.preset), options.steps);
  bool const direct = options.preset == "direct";
  // From z itself and with several answers drawn for each question, a quarter of the presets'
  // batches of 256 will do, with half of their rate.
  result.batch = options.batch.value_or(direct ? 64 : result.batch);
  result.samples = options.samples.value_or(direct ? 16 : result.samples);
  result.seed = options.seed;
  result.validate_every = options.validate_every;
  result.patience = options.patience;
  result.learning_rate.base =
      options.learning_rate.value_or(direct ? 1e-3 : result.learning_rate.base);
  result.objective.kl.coefficient = options.lambda.value_or(result.objective.kl.coefficient);
  return result;
}

training_data read_training_data(train_options const& options) {
  bool const one_task = !options.task.empty() && !options.val.empty();
  bool const neither = options.task.empty() && options.val.empty();
  svf::expects(options.classify.empty() ? one_task : neither, error_kind::format,
               "train: expected either --task FILE and --val FILE, or --classify LABEL=FILE ...");
  if (options.classify.empty()) {
    return {llama::read_choice_file(options.task), llama::read_choice_file(options.val),
            {{"task", options.task}, {"validation", options.val}}};
  }
  std::vector<labelled_task> tasks;
  std::vector<std::string> labels;
  for (std::string const& text : options.classify) {
    auto const part = parse_named_file("--classify", text);
    svf::expects(std::find(labels.begin(), labels.end(), part.name) == labels.end(),
                 error_kind::format, "--classify: the label '", part.name, "' comes twice");
    labels.push_back(part.name);
    tasks.push_back({part.name, part.path, llama::read_choice_file(part.path)});
  }
  svf::expects(tasks.size() >= 2, error_kind::format,
               "--classify: expected at least two LABEL=FILE, got ", tasks.size());
  auto data = make_classification(tasks, options.per_label, options.seed);
  return {std::move(data.train), std::move(data.validation), describe_classifier(labels)};
}

std::string setting_of(train_options const& options, training_data const& data) {
  return fmt::format("task={}\nvalidation={}\nval_questions={}\nsites={}\nprecision={}\n",
                     hash_of(data.train), hash_of(data.validation), options.val_questions,
                     options.sites, options.precision);
}

}  // namespace cli

// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <transformer/unicode.hpp>

#include "commands.hpp"
#include "language_model.hpp"
#include "output.hpp"

namespace cli {

namespace {

struct tokenize_options : common_options {
  std::string model;
  std::string text;
  bool plain = false;
  bool chat = false;
};

void run(tokenize_options const& options) {
  auto const words = tokenizer_of(llama::load_checkpoint(options.model));
  auto const ids = options.chat ? encode_chat_prompt(words, options.text, options.model)
                                : words.encode(options.text, !options.plain);
  json pieces = json::array();
  for (auto const id : ids) {
    pieces.push_back(llama::replace_invalid_utf8(words.bytes(id)));
  }
  if (options.as_json) {
    print_json({{"text", options.text}, {"ids", ids}, {"pieces", pieces}});
    return;
  }
  fmt::print("{}\n", fmt::join(ids, " "));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    fmt::print("{:>7}  {}\n", ids[i], to_text(pieces[i]));
  }
}

}  // namespace

void add_tokenize(CLI::App& tool) {
  auto const options = std::make_shared<tokenize_options>();
  auto& command = *tool.add_subcommand("tokenize", "Show the tokens that a model reads a text as");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("text", options->text, "The text; after -- it may begin with a dash")
      ->required()
      ->type_name("TEXT");
  auto* const plain = command.add_flag("--plain", options->plain, "Read control marks as text");
  command.add_flag("--chat", options->chat, "Put the text into the model's chat template")
      ->excludes(plain);
  add_common(
      command, *options,
      "Marks such as <|im_start|> are read as the control tokens they stand for; --plain reads\n"
      "them as text. No token is added at the start, as `generate`, `score`, `eval` and `train`\n"
      "do where the vocabulary asks for it.",
      "  svfmath tokenize model.gguf 'Hello world'");
  command.callback([options] { run(*options); });
}

}  // namespace cli

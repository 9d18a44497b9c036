// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <string>

#include "commands.hpp"
#include "experts.hpp"
#include "output.hpp"
#include "training.hpp"

namespace cli {

namespace {

void add_learning_options(CLI::App& command, train_options& options) {
  command.add_option("--preset", options.preset, "paper, released_code or direct; see below")
      ->check(CLI::IsMember({"paper", "released_code", "direct"}))
      ->capture_default_str();
  command.add_option("--steps", options.steps, "Optimiser steps")
      ->check(CLI::Range(std::uint64_t(1), std::uint64_t(1) << 32))
      ->capture_default_str();
  command.add_option("--batch", options.batch, "Questions per step; the preset's by default")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 32));
  command
      .add_option("--samples", options.samples,
                  "Answers drawn per question and step, the preset's by default: more cost nothing "
                  "here and make the gradient less noisy")
      ->check(CLI::Range(std::size_t(1), std::size_t(1) << 16));
  command
      .add_option("--learning-rate,--lr", options.learning_rate,
                  "At the start; the preset's by default")
      ->check(real_range(0.0, 1e3));
  command
      .add_option("--lambda", options.lambda,
                  "Weight of the KL penalty; preset: 0.1 (released_code: 0)")
      ->check(real_range(0.0, 1e6));
  command.add_option("--seed", options.seed, "Of everything random")->capture_default_str();
  command.add_option("--sites", options.sites, "Which matrices learn: mlp, attention or all")
      ->check(CLI::IsMember({"mlp", "attention", "all"}))
      ->capture_default_str();
}

void add_run_options(CLI::App& command, train_options& options) {
  command.add_option("--validate-every", options.validate_every, "Steps; 0: never")
      ->capture_default_str();
  command
      .add_option("--val-questions", options.val_questions,
                  "Validation questions to ask each time, drawn by the seed; 0: all")
      ->capture_default_str();
  command.add_flag("--final-validation", options.final_validation,
                   "At the end ask base and expert all validation questions");
  command
      .add_option("--patience", options.patience,
                  "Validations without improvement before stopping; 0: never stop early")
      ->capture_default_str();
  command.add_option("--minutes", options.minutes, "Stop after this time; 0: no limit")
      ->check(real_range(0.0, 1e9))
      ->capture_default_str();
  command
      .add_option("--checkpoint", options.checkpoint,
                  "File that keeps the whole state after every step. Where it exists, the run goes "
                  "on from it, so a run ended by Ctrl-C is resumed by the same command")
      ->type_name("FILE")
      ->check(not_empty());
  add_cache(command, options.cache);
  add_device(command, options);
}

}  // namespace

void add_train(CLI::App& tool) {
  auto const options = std::make_shared<train_options>();
  auto& command = *tool.add_subcommand("train", "Learn an expert z from rewards (REINFORCE)");
  command.add_option("model", options->model, "GGUF file or Hugging Face folder")
      ->required()
      ->type_name("MODEL");
  command.add_option("--task", options->task, "Questions to learn from")
      ->type_name("FILE.jsonl")
      ->check(not_empty());
  command.add_option("--val", options->val, "Questions that choose the best z")
      ->type_name("FILE.jsonl")
      ->check(not_empty());
  command.add_option("--classify", options->classify, "Prompts of one kind; give at least two")
      ->type_name("LABEL=FILE.jsonl");
  command
      .add_option("--per-label", options->per_label,
                  "With --classify: prompts to take of each file; 0: all")
      ->capture_default_str();
  command.add_option("--out", options->out, "Expert file to write")
      ->required()
      ->type_name("FILE")
      ->check(not_empty());
  command.add_option("--name", options->name, "Of the expert; by default the file's");
  add_learning_options(command, *options);
  add_run_options(command, *options);
  add_common(
      command, *options,
      "The model answers multiple-choice questions by drawing from its own distribution over\n"
      "the options; right answers earn +1, wrong ones -1. The z with the best validation\n"
      "accuracy is written. With --classify the expert learns to tell kinds of prompts apart,\n"
      "for `adapt --strategy B`: one half of each file trains, the other validates.\n"
      "\n"
      "Presets:\n"
      "  direct         z itself, from close to 1: 64 questions and 16 answers each a step, rate\n"
      "                 0.001, cosine, KL weight 0.1.\n"
      "  paper          Transformer^2: z as 2 sigmoid(p), 256 questions and 1 answer each a step,\n"
      "                 rate 0.002, cosine, KL weight 0.1.\n"
      "  released_code  what the paper's code does: as paper, but the most probable answer,\n"
      "                 nuclear norm kept, constant rate, no KL (reported as 0).",
      "  svfmath train model.gguf --task reason_train.jsonl --val reason_val.jsonl "
      "--out reason.safetensors --cache factors --minutes 15\n"
      "  svfmath train model.gguf --classify math=math_train.jsonl "
      "code=code_train.jsonl --out kinds.safetensors --cache factors --steps 20");
  command.callback([options] { run_training(*options); });
}

}  // namespace cli

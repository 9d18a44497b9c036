// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include <transformer/engine.hpp>

#include "output.hpp"

#ifdef SVFMATH_CLI_CUDA
#include <transformer/cuda/engine.hpp>
#include <transformer/cuda/factored_sites.hpp>
#endif

namespace cli {

/// --device and --precision, for commands that run a model.
struct device_options {
  std::string device = "cpu";
  std::string precision = "float32";
};
void add_device(CLI::App& command, device_options& options);

/// What a command computes with: the host's policy for files and tables, the engine's for models.
template <llama::engine E>
struct policies {
  llama::cpu_policy& host;
  typename E::policy& exec;
};

/// The number of "cuda" (0) or "cuda:N". Throws `svf::error{format}` for another text and
/// `error{backend}` in a tool that was built without CUDA.
int cuda_device_of(std::string const& device);

/// Throws `svf::error{format}` unless what --precision says can be had on the CPU.
void expect_cpu_precision(device_options const& options);

/// body(policies<E>) with the engine that the options ask for.
template <class Body>
void with_engine(common_options const& common, device_options const& options, Body&& body) {
  llama::cpu_policy host(common.threads);
  if (options.device == "cpu") {
    expect_cpu_precision(options);
    body(policies<llama::cpu_engine>{host, host});
    return;
  }
  [[maybe_unused]] int const device = cuda_device_of(options.device);
#ifdef SVFMATH_CLI_CUDA
  svf::cuda::stream_policy exec(device);
  if (options.precision == "bfloat16") {
    body(policies<llama::cuda_engine<svf::bfloat16>>{host, exec});
  } else {
    body(policies<llama::cuda_engine<float>>{host, exec});
  }
#endif
}

}  // namespace cli

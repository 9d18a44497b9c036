// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <charconv>
#include <string_view>

#include <svfmath/core/error.hpp>
#include <svfmath/core/in_quotes.hpp>

namespace cli {

void add_device(CLI::App& command, device_options& options) {
  command.add_option("--device", options.device, "Where the model runs: cpu, cuda or cuda:N")
      ->type_name("DEVICE")
      ->capture_default_str();
  command
      .add_option("--precision", options.precision,
                  "Of weights on a CUDA device: float32, or bfloat16 with sums in float32")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
}

int cuda_device_of(std::string const& device) {
  constexpr std::string_view word = "cuda";
  int number = 0;
  bool valid = device.starts_with(word);
  if (valid && device != word) {
    char const* const end = device.data() + device.size();
    char const* const begin = device.data() + word.size() + 1;
    valid = device[word.size()] == ':' && begin != end && *begin != '-';
    auto const [last, problem] = std::from_chars(begin, end, number);
    valid = valid && problem == std::errc{} && last == end;
  }
  svf::expects(valid, svf::error_kind::format, "--device: expected cpu, cuda or cuda:N, got ",
               svf::in_quotes(device));
#ifndef SVFMATH_CLI_CUDA
  svf::fail(svf::error_kind::backend,
            "--device: this tool was built without CUDA; configure with the preset release_cuda on "
            "a machine with nvcc, or use --device cpu");
#endif
  return number;
}

void expect_cpu_precision(device_options const& options) {
  svf::expects(options.precision == "float32", svf::error_kind::format,
               "--precision: expected float32 with --device cpu, got ", options.precision);
}

}  // namespace cli

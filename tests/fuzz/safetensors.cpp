// SPDX-License-Identifier: Apache-2.0
// Feeds arbitrary bytes to the safetensors reader. Built and run by tests/fuzz/run_fuzz.sh.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include <svfmath/io/safetensors.hpp>

namespace {

// What an accepted file promises; a breach ends the process, which the fuzzer reports.
void require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

void read_everything(svf::safetensors_file const& file) {
  std::uint64_t end = 0;
  for (svf::tensor_info const& tensor : file.tensors()) {
    require(tensor.begin == end);
    end = tensor.end;
    require(svf::detail::tensor_bits(tensor.type, tensor.shape) == tensor.bytes() * 8);
    require(file.find(tensor.name) == &tensor);
    if (svf::is_readable_as_float(tensor.type)) {
      std::vector<float> values(tensor.elements());
      file.read(tensor, std::span(values));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  // A file that lives in memory only; its path under /proc is that of a regular file.
  static int const memory = ::memfd_create("fuzz", 0);
  require(memory >= 0 && ::ftruncate(memory, 0) == 0);
  require(::pwrite(memory, data, size, 0) == ssize_t(size));
  try {
    read_everything(svf::safetensors_file("/proc/self/fd/" + std::to_string(memory)));
  } catch (svf::error const&) {
    // Refused, as most inputs are.
  }
  return 0;
}

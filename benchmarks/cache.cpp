// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <svfmath/core/error.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/cpu.hpp>
#include <svfmath/factor/factor_cache.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/factor/svd_method.hpp>

#include "support/best_seconds.hpp"
#include "support/smollm2_maps.hpp"

/// The first use of a model whose factors a cache holds: the weights are hashed, their entries
/// found, mapped and verified, every byte. Against reading the same files into memory without a
/// look at them. Files are in the system's page cache.
namespace {

namespace fs = std::filesystem;
using svf::index_t;

/// A folder that is gone at the end.
class scratch_folder {
 public:
  scratch_folder() : path_((parent() / "factors.XXXXXX").string()) {
    svf::expects(::mkdtemp(path_.data()) != nullptr, svf::error_kind::backend,
                 "cache: cannot make a folder in ", parent());
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  fs::path path() const { return path_; }

 private:
  static fs::path parent() {
    char const* const named = std::getenv("SVFMATH_BENCHMARK_FILES");
    return named ? fs::path(named) : fs::temp_directory_path();
  }

  std::string path_;
};

}  // namespace

int main() {
  svf::cpu::par exec;
  auto const model = bench::smollm2_maps(exec);
  index_t const count = index_t(model.weights.size());
  auto const weight = [&](index_t i) -> svf::matrix<float> const& {
    return model.weights[std::size_t(i)];
  };
  constexpr auto method = svf::svd_method::gram;
  scratch_folder const folder;
  svf::factor_cache const cache(folder.path());
  for_each_problem(exec, count, [&](auto& local, index_t i) {
    cache.find_or_compute(svf::fingerprint_of(weight(i)), method, [&] {
      return svf::factors_to_keep(local, weight(i), svf::factorize(local, weight(i)),
                                  cache.precision());
    });
  });

  std::vector<svf::fingerprint> content(model.weights.size());
  std::vector<fs::path> files;
  std::uintmax_t bytes = 0;
  double const hashing = bench::best_seconds([&] {
    for_each_index(exec, count, [&](index_t i) {
      content[std::size_t(i)] = svf::fingerprint_of(weight(i));
    });
  });
  for (auto const& id : content) {
    files.push_back(cache.path_of(id, method));
    bytes += fs::file_size(files.back());
  }
  using entries = std::vector<std::optional<svf::cached_factors<float>>>;
  auto const use = [&](auto&& id_of) {
    entries found(model.weights.size());
    for_each_index(exec, count, [&](index_t i) {
      found[std::size_t(i)] = cache.find(id_of(i), method);
    });
    bool const all = std::all_of(found.begin(), found.end(),
                                 [](auto const& entry) { return entry.has_value(); });
    svf::expects(all, svf::error_kind::backend, "cache: an entry is missing");
  };
  double const finding =
      bench::best_seconds([&] { use([&](index_t i) { return content[std::size_t(i)]; }); });
  double const both =
      bench::best_seconds([&] { use([&](index_t i) { return svf::fingerprint_of(weight(i)); }); });
  double const reading = bench::best_seconds([&] {
    std::vector<std::vector<char>> copies(files.size());
    for_each_index(exec, count, [&](index_t i) {
      auto& copy = copies[std::size_t(i)];
      copy.resize(std::size_t(fs::file_size(files[std::size_t(i)])));
      std::ifstream(files[std::size_t(i)], std::ios::binary)
          .read(copy.data(), std::streamsize(copy.size()));
    });
  });
  std::printf("%td entries, %.0f MB, of a model of %s, on %d threads\n", count,
              double(bytes) / 1e6, model.source, exec.threads());
  std::printf("  %-40s %8.1f ms\n", "fingerprints of the weights", 1e3 * hashing);
  std::printf("  %-40s %8.1f ms\n", "entries found, mapped and verified", 1e3 * finding);
  std::printf("  %-40s %8.1f ms\n", "both, as a first use", 1e3 * both);
  std::printf("  %-40s %8.1f ms\n", "the files read into memory", 1e3 * reading);
  std::printf("PEER %.6g\nHEADLINE %.6g none\n", reading, both);
}

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

/// Google Benchmark's console, and after it one line for run.sh: the best repetition of the
/// benchmark called `headline`, in seconds, and its counter `error`, or "none" without one.
namespace {

class headline_reporter : public benchmark::ConsoleReporter {
 public:
  headline_reporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(std::vector<Run> const& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (Run const& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.benchmark_name().rfind("headline", 0) != 0) {
        continue;
      }
      seconds_ = std::min(seconds_, run.real_accumulated_time / double(run.iterations));
      if (auto const found = run.counters.find("error"); found != run.counters.end()) {
        error_ = std::max(error_, double(found->second));
        measured_ = true;
      }
    }
  }

  void print() const {
    if (seconds_ < std::numeric_limits<double>::infinity()) {
      if (measured_) {
        std::printf("HEADLINE %.6g %.3g\n", seconds_, error_);
      } else {
        std::printf("HEADLINE %.6g none\n", seconds_);
      }
    }
  }

 private:
  double seconds_ = std::numeric_limits<double>::infinity();
  double error_ = 0.0;
  bool measured_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  headline_reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print();
}

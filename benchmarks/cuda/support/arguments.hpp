// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

/// `--json FILE` and the other arguments, which are numbers.
class arguments {
 public:
  arguments(int argc, char** argv) {
    for (int k = 1; k < argc; ++k) {
      if (std::string(argv[k]) == "--json" && k + 1 < argc) {
        json_ = argv[++k];
      } else {
        numbers_.push_back(std::atoi(argv[k]));
      }
    }
  }

  std::string const& json() const { return json_; }
  /// The number at a place, at least 1.
  int number(std::size_t place, int otherwise) const {
    return place < numbers_.size() ? std::max(1, numbers_[place]) : otherwise;
  }

 private:
  std::string json_;
  std::vector<int> numbers_;
};

}  // namespace bench

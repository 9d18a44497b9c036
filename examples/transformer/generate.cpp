// SPDX-License-Identifier: Apache-2.0
#include "generate.hpp"

#include <algorithm>
#include <cmath>

namespace llama {

void expect_finite(std::span<float const> logits, std::string_view where) {
  for (float const logit : logits) {
    svf::expects(std::isfinite(logit), svf::error_kind::numeric, where,
                 ": expected finite logits, got ", logit,
                 ": the weights, or the expert's z, are too large for float32");
  }
}

token greedy_choice(std::span<float const> logits) {
  return token(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

token sampled_choice(std::span<float const> logits, float temperature, double u) {
  double const top = *std::max_element(logits.begin(), logits.end());
  std::vector<double> shares(logits.size());
  double total = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    shares[i] = std::exp((double(logits[i]) - top) / double(temperature));
    total += shares[i];
  }
  double remaining = u * total;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    remaining -= shares[i];
    if (remaining < 0.0) {
      return token(i);
    }
  }
  return greedy_choice(logits);
}

}  // namespace llama

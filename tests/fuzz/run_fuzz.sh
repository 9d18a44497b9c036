#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the safetensors reader with clang's libFuzzer under ASan and UBSan:
#   bash tests/fuzz/run_fuzz.sh [SECONDS]      (60 by default)
# The corpus stays in build/fuzz/corpus, so that later runs go on where this one ended.
set -euo pipefail
seconds="${1:-60}"
cd "$(dirname "$0")/../.."
mkdir -p build/fuzz/corpus

# Two seeds: the empty file of the format, and one with metadata and a tensor.
printf '\x02\0\0\0\0\0\0\0{}' > build/fuzz/corpus/empty
header='{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
printf '\x51\0\0\0\0\0\0\0%s\0\0\0\0\0\0\0\0' "$header" > build/fuzz/corpus/tensor

clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -Iinclude tests/fuzz/safetensors.cpp -o build/fuzz/safetensors
build/fuzz/safetensors -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 \
  -artifact_prefix=build/fuzz/ build/fuzz/corpus

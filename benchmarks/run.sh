#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash benchmarks/run.sh NAME [--threads N] [--json FILE] [-- ARGUMENT...]
#
# Builds and runs benchmarks/NAME.cpp, then the same work by another library
# (benchmarks/peers/NAME.py, in an environment of its own) where such a peer exists. Times are
# seconds, the best of several repetitions; ratio = peer / ours, so above 1 ours is faster; error
# is ours against sums in double. The last line is
#
#   RESULT NAME ours=… peer=… ratio=… error=…
#
#   --threads N      both sides run on the first N processors (default: all)
#   --json FILE      Google Benchmark's figures as JSON into FILE
#   ARGUMENT...      handed to the program
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
name=${1:-}
if [[ -z $name || $name == --help || $name == -h ]]; then
  usage
  echo "Benchmarks: $(cd benchmarks && echo ./*.cpp | sed 's|\./||g; s|\.cpp||g')"
  [[ -n $name ]]
  exit
fi
shift
if [[ ! -f benchmarks/$name.cpp ]]; then
  echo "run.sh: expected the name of a benchmark, got '$name' (try --help)" >&2
  exit 2
fi

threads=$(nproc)
arguments=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --threads)
      threads=${2:?"--threads wants a number"}
      shift 2
      ;;
    --json)
      arguments+=("--benchmark_out=${2:?"--json wants a file"}" --benchmark_out_format=json)
      shift 2
      ;;
    --)
      shift
      arguments+=("$@")
      break
      ;;
    *)
      echo "run.sh: unknown argument '$1' (try --help)" >&2
      exit 2
      ;;
  esac
done

# Settings of the caller's BLAS would bend a peer's figures.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OPENBLAS_NUM_THREADS=$threads

bash cmake/install_dependencies.sh build benchmarks
cmake --preset benchmark > /dev/null
cmake --build --preset benchmark --parallel "${SVFMATH_JOBS:-2}" --target "bench_$name"

pinned=()
if command -v taskset > /dev/null; then
  pinned=(taskset -c "0-$((threads - 1))")
fi
output=$("${pinned[@]}" "build/benchmark/benchmarks/bench_$name" "${arguments[@]}" | tee /dev/stderr)
read -r ours error < <(sed -n 's/^HEADLINE //p' <<< "$output" | tail -n 1) || true

peer=none
if [[ -f benchmarks/peers/$name.py ]]; then
  bash benchmarks/peers/setup.sh
  # The peer prints its seconds on the last line.
  peer=$("${pinned[@]}" benchmarks/peers/.venv/bin/python "benchmarks/peers/$name.py" |
    tee /dev/stderr | tail -n 1)
fi
ratio=none
if [[ -n ${ours:-} && $peer != none ]]; then
  ratio=$(awk -v peer="$peer" -v ours="$ours" 'BEGIN { printf "%.3g", peer / ours }')
fi
echo "RESULT $name ours=${ours:-none} peer=$peer ratio=$ratio error=${error:-none}"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash tests/run_tests.sh [--quick] [--no-asan] [--no-tsan] [--cuda] [--help]
#
# Installs what is missing, builds everything with warnings as errors and runs all tests, first
# optimised, then under AddressSanitizer and UndefinedBehaviorSanitizer, and those with threads
# under ThreadSanitizer. Ends with ctest's summary; the exit status is 0 only if every test of every
# run passed.
#
#   --quick      the optimised run alone, and without compiling each header by itself
#   --no-asan    without AddressSanitizer and UndefinedBehaviorSanitizer
#   --no-tsan    without ThreadSanitizer
#   --cuda       the CUDA backend's tests alone: needs nvcc and doctest, which it does not install;
#                without a GPU it builds everything and skips what would run there
#
# Environment:
#   SVFMATH_JOBS      compile and test jobs (default 2)
#   SVFMATH_SMOLLM2   a SmolLM2-135M-Instruct GGUF for the tests on a real model; taken from
#                     models/ where it lies there; without it those tests are skipped
#   SVFMATH_DATA      the folder with its task files and golden values
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

asan=yes
tsan=yes
quick=no
cuda=no
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes asan=no tsan=no ;;
    --no-asan) asan=no ;;
    --no-tsan) tsan=no ;;
    --cuda) cuda=yes ;;
    --help | -h)
      sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      echo "run_tests.sh: unknown argument '$argument' (try --help)" >&2
      exit 2
      ;;
  esac
done

jobs=${SVFMATH_JOBS:-2}
model=models/SmolLM2-135M-Instruct.Q4_1.gguf
if [[ -z ${SVFMATH_SMOLLM2:-} && -f $model ]]; then
  export SVFMATH_SMOLLM2=$PWD/$model
fi
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

[[ $cuda == yes ]] || bash cmake/install_dependencies.sh build tests

mkdir -p build
summary=build/test_summary.txt
: > "$summary"

# What `run` builds and which tests it runs; nothing: all.
targets=()
selection=()

run() { # PRESET CONFIGURE_OPTION...
  local preset=$1
  shift
  echo "== $preset: configure and build"
  cmake --preset "$preset" -DSVFMATH_BUILD_TESTS=ON -DSVFMATH_BUILD_EXAMPLES=ON \
    -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "$@"
  cmake --build --preset "$preset" --parallel "$jobs" "${targets[@]}"
  echo "== $preset: tests"
  local log=build/$preset/ctest_output.txt status=0
  ctest --preset "$preset" --parallel "$jobs" "${selection[@]}" 2>&1 | tee "$log" || status=$?
  {
    echo "== $preset"
    sed -n '/tests passed/,$p' "$log"
  } >> "$summary"
  return "$status"
}

if [[ $cuda == yes ]]; then
  run cuda -DSVFMATH_BUILD_EXAMPLES=OFF
  exit
fi
if [[ $quick == yes ]]; then
  run release -DSVFMATH_CHECK_HEADERS=OFF
else
  run release -DSVFMATH_CHECK_HEADERS=ON
fi
if [[ $asan == yes ]]; then
  run asan
fi
if [[ $tsan == yes ]]; then
  echo "== tsan: oneTBB"
  if bash tests/support/build_sanitized_tbb.sh build/sanitized_tbb; then
    # The tests with threads of their own, or of `cpu::par`, say so in their names.
    targets=(--target test_core test_cpu test_factor test_apply test_adapt test_io)
    selection=(--tests-regex 'par>|thread')
    run tsan
  else
    echo "== tsan: SKIPPED, for lack of a oneTBB with ThreadSanitizer" | tee -a "$summary" >&2
  fi
fi

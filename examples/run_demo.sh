#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash examples/run_demo.sh [--quick] [--seed N] [--threads N] [--out DIR] [--model DIR]
#
# Installs what is missing, builds the demo and runs it: the bundled tiny model is factored,
# experts are trained for its families of tasks and combined at inference. Tables are printed;
# they, JSON, CSV and plots go to results/demo of this repository.
#
#   --quick        the short form, under 90 seconds after the build
#   --seed N       of questions, training and search; equal seeds print equal numbers (default 1)
#   --threads N    default: all
#   --out DIR      where results go
#   --model DIR    another model of the same kind
set -euo pipefail
for argument in "$@"; do
  if [[ $argument == --help || $argument == -h ]]; then
    sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
repository=$PWD

bash cmake/install_dependencies.sh build demo
# A fresh build tree needs nothing of the tests; one that exists keeps what it has.
options=(-DSVFMATH_BUILD_EXAMPLES=ON)
[[ -f build/release/CMakeCache.txt ]] || options+=(-DSVFMATH_BUILD_TESTS=OFF)
cmake --preset release "${options[@]}"
cmake --build --preset release --parallel "${SVFMATH_JOBS:-2}" --target two_pass_demo

# Folders of the command line are the caller's; the defaults lie in the repository.
cd "$caller"
defaults=()
[[ " $* " == *" --model"[\ =]* ]] || defaults+=(--model "$repository/examples/tiny_model")
[[ " $* " == *" --out"[\ =]* ]] || defaults+=(--out "$repository/results/demo")
exec "$repository/build/release/examples/two_pass_demo" "${defaults[@]}" "$@"

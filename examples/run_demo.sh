#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash examples/run_demo.sh [--quick] [OPTION...]
#
# Installs what is missing, builds the demo and runs it: the bundled tiny model is factored,
# experts are trained for its families of tasks and combined at inference. Results (tables,
# JSON, CSV, plots) go to results/demo.
#
#   --quick     the short form, under 90 seconds after the build
#   OPTION...   handed to the demo; `--help` lists what it takes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash cmake/install_dependencies.sh build demo
# A fresh build tree needs nothing of the tests; one that exists keeps what it has.
options=(-DSVFMATH_BUILD_EXAMPLES=ON)
[[ -f build/release/CMakeCache.txt ]] || options+=(-DSVFMATH_BUILD_TESTS=OFF)
cmake --preset release "${options[@]}"
cmake --build --preset release --parallel "${SVFMATH_JOBS:-2}" --target two_pass_demo
exec build/release/examples/two_pass_demo --model examples/tiny_model --out results/demo "$@"

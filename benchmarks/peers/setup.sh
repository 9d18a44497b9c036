#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the environment in which the peers run, benchmarks/peers/.venv, unless it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if .venv/bin/python -c 'import cma, numpy' 2> /dev/null; then
  exit 0
fi
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt

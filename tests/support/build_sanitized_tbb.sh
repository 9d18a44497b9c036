#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash tests/support/build_sanitized_tbb.sh FOLDER
#
# Builds oneTBB with ThreadSanitizer, from the source of the system's package, and installs it into
# FOLDER unless it is there. Without it ThreadSanitizer does not see what makes the threads of
# `cpu::par` wait for each other, and calls every result of theirs a race. Needs Debian's or
# Ubuntu's apt-get, no root.
set -euo pipefail
folder=${1:?usage: bash tests/support/build_sanitized_tbb.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[[ ! -f $folder/lib/libtbb.so ]] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/sources" "$work/state/lists/partial" "$work/cache/archives/partial"

# The system's own package sources, asked for source packages.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [[ -f $list ]] || continue
  sed -E 's/^Types:.*\bdeb\b.*/Types: deb-src/; s/^deb([[:space:]])/deb-src\1/' "$list" \
    > "$work/sources/$(basename "$list")"
done
apt_get() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
    -o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status \
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User= "$@"
}
cd "$work"
apt_get update || echo "build_sanitized_tbb.sh: apt-get update failed, going on" >&2
apt_get source --download-only onetbb
mkdir onetbb
tar -xf onetbb_*.orig.tar.* -C onetbb --strip-components=1
cmake -G Ninja -S onetbb -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_INSTALL_PREFIX="$folder" -DCMAKE_INSTALL_LIBDIR=lib -DTBB_SANITIZE=thread \
  -DTBB_TEST=OFF -DTBBMALLOC_BUILD=OFF -DTBB_STRICT=OFF > "$work/configure.txt" || { cat "$work/configure.txt" >&2; exit 1; }
cmake --build build --parallel "${SVFMATH_JOBS:-2}" > "$work/build.txt" 2>&1 ||
  { tail -n 40 "$work/build.txt" >&2; exit 1; }
cmake --install build > /dev/null

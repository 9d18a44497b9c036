#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash benchmarks/run.sh NAME [--threads N] [--json FILE] [--save] [-- ARGUMENT...]
#
# Builds and runs benchmarks/NAME.cpp, and the same work by another library
# (benchmarks/peers/NAME.py, in an environment of its own) where such a peer exists; both twice, in
# turn. Times are seconds, the best of all repetitions; ratio = peer / ours, so above 1 ours is
# faster; error is ours against sums in double. A NAME that ends in _cuda is a program of
# benchmarks/cuda, which measures its peer itself; it needs a GPU, nvcc and cmake, and installs
# nothing. train_cuda needs what the CPU's benchmarks need as well. The last line is
#
#   RESULT NAME ours=… peer=… ratio=… error=…
#
# In factorize_cpu and factorize_sizes several libraries do several rows of work; a table of the
# least seconds of each comes before it, with the ratio of the fastest peer to each of ours. They
# take torch as a peer, which is a download of several gigabytes.
#
#   --threads N      both sides run on N processors (default: all that this shell may use)
#   --json FILE      the figures of the first round as JSON into FILE: Google Benchmark's, or the
#                    table of a NAME_cuda with the device's name
#   --save           the output also into benchmarks/results/NAME.txt, with the hardware's name, and
#                    the table of a NAME_cuda into benchmarks/results/NAME_cuda.json
#   ARGUMENT...      handed to the program
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
refuse() {
  echo "run.sh: $1 (try --help)" >&2
  exit 2
}
name=${1:-}
if [[ -z $name || $name == --help || $name == -h ]]; then
  usage
  echo "Benchmarks: $(cd benchmarks && echo ./*.cpp | sed 's|\./||g; s|\.cpp||g')" \
    "$(cd benchmarks/cuda && echo ./*.cu | sed 's|\./||g; s|\.cu|_cuda|g')"
  [[ -n $name ]]
  exit
fi
shift
cuda=no
[[ $name != *_cuda || -f benchmarks/$name.cpp ]] || cuda=yes
preset=benchmark
[[ $name != *_cuda ]] || preset=benchmark_transformer_cuda
[[ -f benchmarks/$name.cpp || ($cuda == yes && -f benchmarks/cuda/${name%_cuda}.cu) ]] ||
  refuse "expected the name of a benchmark, got '$name'"

# The processors that this shell may use, one a line.
processors=$(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
available=$(wc -l <<< "$processors")
threads=$available
json=
save=no
arguments=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --threads)
      threads=${2:-}
      [[ $threads =~ ^[1-9][0-9]*$ && $threads -le $available ]] ||
        refuse "--threads: expected a number from 1 to $available, got '$threads'"
      shift 2
      ;;
    --json)
      json=${2:-}
      [[ -n $json ]] || refuse "--json: expected a file, got none"
      [[ $cuda == yes ]] || ! grep -q '^int main(' "benchmarks/$name.cpp" ||
        refuse "--json: $name has a console of its own"
      shift 2
      ;;
    --save)
      save=yes
      shift
      ;;
    --)
      shift
      arguments+=("$@")
      break
      ;;
    *) refuse "unknown argument '$1'" ;;
  esac
done

# Settings of the caller's BLAS would bend a peer's figures.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OPENBLAS_NUM_THREADS=$threads

# In these, programs print lines `ROW row contender seconds error`, and peers, who find the work in
# a file that the program leaves in SVFMATH_BENCHMARK_FILES, `ROW row contender seconds`.
has_rows=no
[[ $name != factorize_cpu && $name != factorize_sizes ]] || has_rows=yes

if [[ $cuda == yes ]]; then
  folder=build/benchmark_cuda/benchmarks/cuda
  cmake --preset benchmark_cuda > /dev/null
  cmake --build --preset benchmark_cuda --parallel "${SVFMATH_JOBS:-2}" --target "bench_$name"
else
  folder=build/$preset/benchmarks
  bash cmake/install_dependencies.sh build benchmarks
  cmake --preset "$preset" > /dev/null
  cmake --build --preset "$preset" --parallel "${SVFMATH_JOBS:-2}" --target "bench_$name"
fi

export SVFMATH_BENCHMARK_FILES=$folder
python=benchmarks/peers/.venv/bin/python
has_peer=no
if [[ -f benchmarks/peers/$name.py ]]; then
  if [[ $has_rows == yes ]] && ! bash benchmarks/peers/setup.sh torch; then
    echo "run.sh: torch could not be had, going on without it" >&2
  fi
  if bash benchmarks/peers/setup.sh; then
    has_peer=yes
  else
    echo "run.sh: the peer's environment could not be made, going on without it" >&2
  fi
fi

pinned=()
if command -v taskset > /dev/null; then
  pinned=(taskset -c "$(head -n "$threads" <<< "$processors" | paste -sd,)")
fi
log=$folder/$name.txt
if [[ $cuda == yes && $save == yes && -z $json ]]; then
  json=$folder/$name.json
fi
json_arguments=("--benchmark_out=$json" --benchmark_out_format=json)
[[ $cuda == no ]] || json_arguments=(--json "$json")
# The table of the lines `ROW …` of the given files, the first of them ours.
table_of_rows() {
  awk '
    $1 == "ROW" {
      key = $2 " " $3
      if (!(key in best)) {
        order[++count] = key
      }
      if (!(key in best) || $4 < best[key]) {
        best[key] = $4
        error[key] = $5
      }
      if (FNR == NR) {
        ours[key] = 1
      } else if (!($2 in peer) || $4 < peer[$2]) {
        peer[$2] = $4
      }
      if (!($2 in seen)) {
        seen[$2] = 1
        rows[++row_count] = $2
      }
    }
    END {
      printf "%-10s %-20s %12s %10s %12s\n", "row", "by", "seconds", "error", "peer / ours"
      for (r = 1; r <= row_count; ++r) {
        for (i = 1; i <= count; ++i) {
          split(order[i], part, " ")
          if (part[1] != rows[r]) {
            continue
          }
          key = order[i]
          printf "%-10s %-20s %12.6g", part[1], part[2], best[key]
          if (key in ours) {
            printf " %10s", error[key]
            if (part[1] in peer) {
              printf " %12.3g", peer[part[1]] / best[key]
            }
          }
          printf "\n"
        }
      }
    }' "$@"
}
smaller() { # of two numbers, of which the first may be missing
  awk -v a="$1" -v b="$2" 'BEGIN { print (a == "" || b < a) ? b : a }'
}

measure() {
  echo "$name on $threads of $available processors: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo |
    head -n 1), $(c++ --version | head -n 1), $(date -u +%Y-%m-%d)," \
    "commit $(git rev-parse --short HEAD 2> /dev/null || echo unknown)"
  local ours="" error=none peer="" round output seconds found own_peer
  : > "$folder/$name.ours.tmp"
  : > "$folder/$name.peer.tmp"
  for round in 1 2; do
    local extra=()
    [[ -z $json || $round == 2 ]] || extra=("${json_arguments[@]}")
    output=$("${pinned[@]}" "$folder/bench_$name" "${extra[@]}" "${arguments[@]}")
    [[ $round == 2 ]] || grep -v '^ROW ' <<< "$output"
    grep '^ROW ' <<< "$output" >> "$folder/$name.ours.tmp" || true
    read -r seconds found < <(sed -n 's/^HEADLINE //p' <<< "$output" | tail -n 1) || true
    own_peer=$(sed -n 's/^PEER //p' <<< "$output" | tail -n 1)
    if [[ -n $seconds && $(smaller "$ours" "$seconds") == "$seconds" ]]; then
      ours=$seconds
      error=$found
      peer=${own_peer:-$peer}  # measured beside ours, on the same matrix
    fi
    if [[ $has_peer == yes ]]; then
      # The peer prints its name, and its seconds on the last line.
      output=$("${pinned[@]}" "$python" "benchmarks/peers/$name.py")
      peer=$(smaller "$peer" "$(tail -n 1 <<< "$output")")
      [[ $round == 2 ]] || echo "peer: $(head -n 1 <<< "$output")"
      grep '^ROW ' <<< "$output" >> "$folder/$name.peer.tmp" || true
    fi
  done
  [[ $has_rows == no ]] || table_of_rows "$folder/$name.ours.tmp" "$folder/$name.peer.tmp"
  local ratio=none
  if [[ -n $ours && -n $peer ]]; then
    ratio=$(awk -v peer="$peer" -v ours="$ours" 'BEGIN { printf "%.3g", peer / ours }')
  fi
  echo "RESULT $name ours=${ours:-none} peer=${peer:-none} ratio=$ratio error=$error"
}
measure | tee "$log"
if [[ $save == yes ]]; then
  mkdir -p benchmarks/results
  cp "$log" "benchmarks/results/$name.txt"
  [[ $cuda == no ]] || cp "$json" "benchmarks/results/$name.json"
fi

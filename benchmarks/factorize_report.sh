#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: bash benchmarks/factorize_report.sh [--page]
#
# Measures what benchmarks/results/factorize.md shows, and writes the page anew: three benchmarks
# with --save (about half an hour, better on a quiet machine), the plot, the text. With the real
# weights if SVFMATH_SMOLLM2 names a SmolLM2-135M model; examples/models/get_smollm2.sh fetches one.
#
#   --page    the plot and the page alone, from the results that are there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
results=benchmarks/results
case "${1:-}" in
  '')
    for name in factorize_cpu factorize_steps factorize_sizes; do
      bash benchmarks/run.sh "$name" --save
    done
    ;;
  --page) ;;
  *)
    echo "factorize_report.sh: expected nothing or --page, got '$1'" >&2
    exit 2
    ;;
esac
bash cmake/install_dependencies.sh demo
gnuplot benchmarks/plots/factorize_sizes.gp

output() { # NAME: what the benchmark printed
  printf '```\n'
  cat "$results/$1.txt"
  printf '```\n'
}

cat > "$results/factorize.md" << PAGE
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Factorisation on the CPU

Written by \`bash benchmarks/factorize_report.sh\`. Seconds are the least of all repetitions in two
rounds, in which our program and each arrangement of each peer ran one after the other, in processes
of their own. Errors are the worst of ‖UΣVᵀ − W‖_F / ‖W‖_F, ‖UᵀU − I‖_max and ‖VᵀV − I‖_max over
all matrices of a row.

## A whole model

\`bash benchmarks/run.sh factorize_cpu\`: row \`model\` is all 210 linear maps of SmolLM2-135M, by
\`factorize_each\`; \`svfmath\` is the policy \`cpu::par\`, which needs no BLAS or LAPACK,
\`svfmath+lapack\` is \`cpu::with_lapack<cpu::par>\`. The peers factor one matrix after the other on all
threads, or one on each of as many processes.

$(output factorize_cpu)

## Where the time goes

\`bash benchmarks/run.sh factorize_steps\`: one matrix by the method \`gram\`, its steps against the time
below which this machine cannot do them. Flops count at the speed of the best double product of
that many threads; products with what is left of a symmetric matrix count at the speed of summing as
many bytes; passes over elements at the speed of memory. The eigenpairs of the tridiagonal matrix
come from divide and conquer without vectors and n twisted factorisations, O(n²) in all; their bound
is the time of writing n² elements, that of LAPACK's dstedc the 4n³/3 flops of divide and conquer
without deflation, so that it may be faster.

$(output factorize_steps)

## Time against size

\`bash benchmarks/run.sh factorize_sizes\`, drawn by \`gnuplot
benchmarks/plots/factorize_sizes.gp\`: one n × n matrix on all threads.

![Seconds against n](factorize_sizes.svg)

$(output factorize_sizes)
PAGE

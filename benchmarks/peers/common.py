# SPDX-License-Identifier: Apache-2.0
"""The site that benchmarks/support/site.hpp describes, and the clock the peers share."""

import time

import numpy

ROWS, COLS, RANK, TOKENS = 1536, 576, 576, 512


def normal(rows, cols, seed):
    """Standard normals in float32."""
    return numpy.random.default_rng(seed).standard_normal((rows, cols), dtype=numpy.float32)


def factors():
    """Random U, σ and Vᵀ of the right shapes, and a z near the identity."""
    s = (2.0 - numpy.arange(RANK) / RANK).astype(numpy.float32)
    z = 1.0 + 0.1 * normal(1, RANK, 3)[0]
    return normal(ROWS, RANK, 1), s, normal(RANK, COLS, 2), z.astype(numpy.float32)


def report(work, name=f"numpy {numpy.__version__}", repetitions=5, seconds=0.5):
    """Prints the best of `repetitions` means over about `seconds` of `work()` each, the statistic of
    our side."""
    work()
    start = time.perf_counter()
    work()
    calls = max(1, int(seconds / max(time.perf_counter() - start, 1e-9)))
    best = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        best = min(best, (time.perf_counter() - start) / calls)
    print(name)
    print(f"{best:.6g}")

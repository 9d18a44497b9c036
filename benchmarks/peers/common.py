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


def report(work, seconds=2.0):
    """Prints the best time of `work()` within about `seconds`."""
    work()
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    print(f"numpy {numpy.__version__}")
    print(f"{best:.6g}")

# SPDX-License-Identifier: Apache-2.0
"""W' = U diag(σ∘z) Vᵀ, by scaling the smaller factor, into memory that is there."""

import numpy

from common import COLS, RANK, ROWS, factors, report

u, s, vt, z = factors()
scaled = numpy.empty((RANK, COLS), numpy.float32)
w = numpy.empty((ROWS, COLS), numpy.float32)


def work():
    numpy.multiply((s * z)[:, None], vt, out=scaled)
    numpy.matmul(u, scaled, out=w)


report(work)

# SPDX-License-Identifier: Apache-2.0
"""y = ((x V) ∘ (σ∘z)) Uᵀ, into memory that is there."""

import numpy

from common import COLS, RANK, ROWS, TOKENS, factors, normal, report

u, s, vt, z = factors()
x = normal(TOKENS, COLS, 4)
hidden = numpy.empty((TOKENS, RANK), numpy.float32)
y = numpy.empty((TOKENS, ROWS), numpy.float32)


def work():
    numpy.matmul(x, vt.T, out=hidden)
    numpy.multiply(hidden, s * z, out=hidden)
    numpy.matmul(hidden, u.T, out=y)


report(work)

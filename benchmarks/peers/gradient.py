# SPDX-License-Identifier: Apache-2.0
"""dL/dz = σ ∘ Σ_t (δU)_t ∘ (xV)_t, the products into memory that is there."""

import numpy

from common import COLS, RANK, ROWS, TOKENS, factors, normal, report

u, s, vt, z = factors()
x = normal(TOKENS, COLS, 4)
delta = normal(TOKENS, ROWS, 5)
left = numpy.empty((TOKENS, RANK), numpy.float32)
right = numpy.empty((TOKENS, RANK), numpy.float32)


def work():
    numpy.matmul(delta, u, out=left)
    numpy.matmul(x, vt.T, out=right)
    return s * numpy.einsum("ti,ti->i", left, right)


report(work)

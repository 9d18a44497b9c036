# SPDX-License-Identifier: Apache-2.0
"""dL/dz = σ ∘ Σ_t (δU)_t ∘ (xV)_t."""

import numpy

from common import COLS, ROWS, TOKENS, factors, normal, report

u, s, vt, z = factors()
x = normal(TOKENS, COLS, 4)
delta = normal(TOKENS, ROWS, 5)
report(lambda: s * numpy.einsum("ti,ti->i", delta @ u, x @ vt.T))

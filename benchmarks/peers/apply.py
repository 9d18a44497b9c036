# SPDX-License-Identifier: Apache-2.0
"""y = ((x V) ∘ (σ∘z)) Uᵀ."""

from common import COLS, TOKENS, factors, normal, report

u, s, vt, z = factors()
x = normal(TOKENS, COLS, 4)
report(lambda: ((x @ vt.T) * (s * z)) @ u.T)

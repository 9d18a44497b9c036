# SPDX-License-Identifier: Apache-2.0
"""W' = U diag(σ∘z) Vᵀ."""

from common import factors, report

u, s, vt, z = factors()
report(lambda: (u * (s * z)) @ vt)

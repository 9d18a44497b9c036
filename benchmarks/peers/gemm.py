# SPDX-License-Identifier: Apache-2.0
"""X Wᵀ for 1024 tokens."""

from common import COLS, ROWS, normal, report

x = normal(1024, COLS, 1)
w = normal(ROWS, COLS, 2)
report(lambda: x @ w.T)

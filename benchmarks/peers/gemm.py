# SPDX-License-Identifier: Apache-2.0
"""X Wᵀ for 1024 tokens, into memory that is there."""

import numpy

from common import COLS, ROWS, normal, report

x = normal(1024, COLS, 1)
w = normal(ROWS, COLS, 2)
y = numpy.empty((1024, ROWS), numpy.float32)
report(lambda: numpy.matmul(x, w.T, out=y))

# SPDX-License-Identifier: Apache-2.0
"""The thin SVD by LAPACK's divide and conquer. In float64: in float32 it misses the accuracy that
svfmath's factors hold (1e-6)."""

import numpy

from common import COLS, ROWS, normal, report

w = normal(ROWS, COLS, 1).astype(numpy.float64)
report(lambda: numpy.linalg.svd(w, full_matrices=False), seconds=5.0)

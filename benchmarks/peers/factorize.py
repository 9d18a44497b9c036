# SPDX-License-Identifier: Apache-2.0
"""The thin SVD by LAPACK's divide and conquer. numpy computes it in float64 and rounds, as ours."""

import numpy

from common import COLS, ROWS, normal, report

w = normal(ROWS, COLS, 1)
report(lambda: numpy.linalg.svd(w, full_matrices=False), seconds=1.0)

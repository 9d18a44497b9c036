# SPDX-License-Identifier: Apache-2.0
"""The linear maps alone of 4 layers of SmolLM2-135M's shape for 512 tokens: no attention, no norms."""

import numpy

from common import TOKENS, normal, report

LAYERS, WIDTH, KEYS, HIDDEN = 4, 576, 192, 1536
EXTENTS = [(WIDTH, WIDTH), (KEYS, WIDTH), (KEYS, WIDTH), (WIDTH, WIDTH),
           (HIDDEN, WIDTH), (HIDDEN, WIDTH), (WIDTH, HIDDEN)]

weights = [normal(*extent, 10 * layer + i)
           for layer in range(LAYERS) for i, extent in enumerate(EXTENTS)]
inputs = {cols: normal(TOKENS, cols, cols) for cols in (WIDTH, HIDDEN)}
outputs = {rows: numpy.empty((TOKENS, rows), numpy.float32) for rows in (WIDTH, KEYS, HIDDEN)}


def work():
    for w in weights:
        numpy.matmul(inputs[w.shape[1]], w.T, out=outputs[w.shape[0]])


report(work)

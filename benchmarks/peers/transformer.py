# SPDX-License-Identifier: Apache-2.0
"""The linear maps alone of 4 layers of SmolLM2-135M's shape for 512 tokens: no attention, no norms."""

from common import TOKENS, normal, report

LAYERS, WIDTH, KEYS, HIDDEN = 4, 576, 192, 1536
EXTENTS = [(WIDTH, WIDTH), (KEYS, WIDTH), (KEYS, WIDTH), (WIDTH, WIDTH),
           (HIDDEN, WIDTH), (HIDDEN, WIDTH), (WIDTH, HIDDEN)]

weights = [normal(*extent, 10 * layer + i)
           for layer in range(LAYERS) for i, extent in enumerate(EXTENTS)]
inputs = {cols: normal(TOKENS, cols, cols) for cols in (WIDTH, HIDDEN)}


def work():
    for w in weights:
        inputs[w.shape[1]] @ w.T


report(work)

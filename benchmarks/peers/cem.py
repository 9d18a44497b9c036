# SPDX-License-Identifier: Apache-2.0
"""One generation of pycma with a diagonal covariance, the model of the cross-entropy method: 32
coordinates, 32 members, the same objective."""

import cma

from common import report

DIM, POPULATION, GENERATIONS = 32, 32, 100
state = {"search": None, "left": 0}


def work():
    if state["left"] == 0:
        state["search"] = cma.CMAEvolutionStrategy(
            [0.0] * DIM, 1.0, {"popsize": POPULATION, "CMA_diagonal": True, "bounds": [-1, 1],
                               "verbose": -9, "seed": 1})
        state["left"] = GENERATIONS
    points = state["search"].ask()
    state["search"].tell(points, [float(((x - 0.3) ** 2).sum()) for x in points])
    state["left"] -= 1


report(work, f"pycma {cma.__version__}")

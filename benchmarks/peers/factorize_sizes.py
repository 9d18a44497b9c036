# SPDX-License-Identifier: Apache-2.0
"""The thin SVD of one square matrix of each order, by numpy and torch."""

from factor_rows import run

run("factorize_sizes")

# SPDX-License-Identifier: Apache-2.0
"""The thin SVDs of all matrices of a model and of two larger ones, by numpy and torch: one matrix
after the other on all threads, or one matrix for each of as many processes. Both compute in
float32."""

from factor_rows import run

run("factorize_cpu")

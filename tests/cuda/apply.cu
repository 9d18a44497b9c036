// SPDX-License-Identifier: Apache-2.0
#include <support/cuda_policies.cuh>

#include <shared/expert_mixtures.hpp>
#include <shared/expert_spectra.hpp>
#include <shared/factored.hpp>
#include <shared/gradient.hpp>
#include <shared/gradient_accumulator.hpp>
#include <shared/leading.hpp>
#include <shared/materialize.hpp>
#include <shared/mixed.hpp>
#include <shared/row_selection.hpp>
#include <shared/spectrum.hpp>

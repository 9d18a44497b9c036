// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Everything that needs no backend. Add `svfmath/cpu.hpp` for the CPU policies.

#include <svfmath/core/concepts.hpp>
#include <svfmath/core/config.hpp>
#include <svfmath/core/error.hpp>
#include <svfmath/core/half.hpp>
#include <svfmath/core/in_quotes.hpp>
#include <svfmath/core/matrix.hpp>
#include <svfmath/core/random.hpp>
#include <svfmath/core/transfer.hpp>
#include <svfmath/core/view.hpp>
#include <svfmath/core/view_conversion.hpp>

#include <svfmath/io/atomic_file.hpp>
#include <svfmath/io/dtype.hpp>
#include <svfmath/io/element_conversion.hpp>
#include <svfmath/io/file_lock.hpp>
#include <svfmath/io/mapped_file.hpp>
#include <svfmath/io/safetensors.hpp>
#include <svfmath/io/safetensors_writer.hpp>
#include <svfmath/io/tensor_info.hpp>

#include <svfmath/factor/accuracy.hpp>
#include <svfmath/factor/cache_entries.hpp>
#include <svfmath/factor/cached_factors.hpp>
#include <svfmath/factor/content_digest.hpp>
#include <svfmath/factor/factor_cache.hpp>
#include <svfmath/factor/factor_file.hpp>
#include <svfmath/factor/factor_key.hpp>
#include <svfmath/factor/factorize.hpp>
#include <svfmath/factor/factorize_each.hpp>
#include <svfmath/factor/factorize_each_spread.hpp>
#include <svfmath/factor/fingerprint.hpp>
#include <svfmath/factor/leading_factors.hpp>
#include <svfmath/factor/mapped_factors.hpp>
#include <svfmath/factor/prune.hpp>
#include <svfmath/factor/storage_precision.hpp>
#include <svfmath/factor/svd_factors.hpp>
#include <svfmath/factor/svd_method.hpp>

#include <svfmath/expert/algebra.hpp>
#include <svfmath/expert/bank.hpp>
#include <svfmath/expert/expert.hpp>
#include <svfmath/expert/expert_file.hpp>
#include <svfmath/expert/geometry.hpp>
#include <svfmath/expert/layout.hpp>
#include <svfmath/expert/normalisation.hpp>
#include <svfmath/expert/parameterisation.hpp>
#include <svfmath/expert/sums.hpp>

#include <svfmath/apply/expert_mixtures.hpp>
#include <svfmath/apply/expert_spectra.hpp>
#include <svfmath/apply/factored.hpp>
#include <svfmath/apply/gradient.hpp>
#include <svfmath/apply/gradient_accumulator.hpp>
#include <svfmath/apply/leading.hpp>
#include <svfmath/apply/materialize.hpp>
#include <svfmath/apply/mixed.hpp>
#include <svfmath/apply/row_selection.hpp>
#include <svfmath/apply/spectrum.hpp>

#include <svfmath/learn/action_table.hpp>
#include <svfmath/learn/adamw.hpp>
#include <svfmath/learn/advantage.hpp>
#include <svfmath/learn/aggregation.hpp>
#include <svfmath/learn/batch_sampler.hpp>
#include <svfmath/learn/checkpoint.hpp>
#include <svfmath/learn/early_stopping.hpp>
#include <svfmath/learn/environment.hpp>
#include <svfmath/learn/gradient_clip.hpp>
#include <svfmath/learn/importance.hpp>
#include <svfmath/learn/kl.hpp>
#include <svfmath/learn/policy_gradient.hpp>
#include <svfmath/learn/preset.hpp>
#include <svfmath/learn/reward.hpp>
#include <svfmath/learn/rollout.hpp>
#include <svfmath/learn/schedule.hpp>
#include <svfmath/learn/shuffle.hpp>
#include <svfmath/learn/softmax.hpp>
#include <svfmath/learn/split.hpp>
#include <svfmath/learn/trainer.hpp>
#include <svfmath/learn/trainer_options.hpp>
#include <svfmath/learn/trainer_state.hpp>

#include <svfmath/adapt/adaptable_model.hpp>
#include <svfmath/adapt/cem.hpp>
#include <svfmath/adapt/cem_checkpoint.hpp>
#include <svfmath/adapt/cem_options.hpp>
#include <svfmath/adapt/cem_record.hpp>
#include <svfmath/adapt/cem_state.hpp>
#include <svfmath/adapt/cem_stop.hpp>
#include <svfmath/adapt/confusion_matrix.hpp>
#include <svfmath/adapt/dispatch.hpp>
#include <svfmath/adapt/fitness.hpp>
#include <svfmath/adapt/label_set.hpp>
#include <svfmath/adapt/mixture.hpp>
#include <svfmath/adapt/mixture_map.hpp>
#include <svfmath/adapt/two_pass.hpp>

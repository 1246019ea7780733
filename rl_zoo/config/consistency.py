"""Rules about several values of one configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rl_zoo.config.draft import Draft
from rl_zoo.config.parameters import ALGORITHM_PARAMETERS, NOISY_ALGORITHMS


def check_combinations(draft: Draft, algo: str, values: Mapping[str, Any]) -> None:
    """Report the combinations that the algorithm would refuse or ignore."""
    _check_noise(draft, algo, values)
    _check_episodes(draft, values)
    _check_batch(draft, algo, values)
    _check_quantiles(draft, values)
    _check_timeouts(draft, values)
    _check_stacking(draft, algo, values)
    _note_resampling(draft, algo, values)


def _check_noise(draft: Draft, algo: str, values: Mapping[str, Any]) -> None:
    if values.get("noise_type") is None:
        if values.get("noise_std") is not None and "noise_type" not in draft.values:
            draft.report("noise_std", "has no effect without noise_type; add noise_type: normal")
        return
    if algo in ALGORITHM_PARAMETERS and algo not in NOISY_ALGORITHMS:
        draft.report("noise_type", f"{algo} takes no action noise; remove noise_type and noise_std")
    elif values.get("noise_std") is None:
        draft.report("noise_type", "needs noise_std, e.g. noise_std: 0.1")


def _check_episodes(draft: Draft, values: Mapping[str, Any]) -> None:
    train_freq = values.get("train_freq")
    n_envs = values.get("n_envs", 1)
    if isinstance(train_freq, tuple) and train_freq[1] == "episode" and n_envs > 1:
        draft.report("train_freq", f"counts episodes, which needs n_envs: 1 (it is {n_envs})")


def _check_batch(draft: Draft, algo: str, values: Mapping[str, Any]) -> None:
    if algo in ("ppo", "ppo_lstm") and values.get("normalize_advantage", True):
        if values.get("batch_size") == 1:
            draft.report("batch_size", "1 needs normalize_advantage: false")
        elif values.get("n_steps") == 1 and values.get("n_envs", 1) == 1:
            draft.report("n_steps", "n_steps * n_envs must be more than 1")


def _check_quantiles(draft: Draft, values: Mapping[str, Any]) -> None:
    dropped = values.get("top_quantiles_to_drop_per_net")
    policy_kwargs = values.get("policy_kwargs") or {}
    kept_of = policy_kwargs.get("n_quantiles", 25) if isinstance(policy_kwargs, Mapping) else 25
    if isinstance(dropped, int) and isinstance(kept_of, int) and dropped >= kept_of:
        draft.report(
            "top_quantiles_to_drop_per_net", f"{dropped} must be less than n_quantiles ({kept_of})"
        )


def _check_timeouts(draft: Draft, values: Mapping[str, Any]) -> None:
    buffer_kwargs = values.get("replay_buffer_kwargs") or {}
    if values.get("optimize_memory_usage") and buffer_kwargs.get(
        "handle_timeout_termination", True
    ):
        draft.report(
            "optimize_memory_usage",
            "cannot tell truncation from termination; add replay_buffer_kwargs: "
            "{handle_timeout_termination: false} or leave it off",
        )


def _check_stacking(draft: Draft, algo: str, values: Mapping[str, Any]) -> None:
    # SB3's replay buffers get the raw observation from the normaliser, which is below the stack.
    off_policy = "buffer_size" in ALGORITHM_PARAMETERS.get(algo, {})
    if off_policy and draft.values.get("normalize") and (values.get("frame_stack") or 1) > 1:
        draft.report(
            "frame_stack",
            f"{algo} cannot store normalised observations that are stacked; stack with "
            "env_wrapper: HistoryWrapper, or remove normalize",
        )


def _note_resampling(draft: Draft, algo: str, values: Mapping[str, Any]) -> None:
    """Note where gSDE draws its matrix more often than asked for: SB3 does at every rollout."""
    if not values.get("use_sde") or "train_freq" not in ALGORITHM_PARAMETERS.get(algo, {}):
        return
    train_freq = values.get("train_freq", 1)
    count, unit = train_freq if isinstance(train_freq, tuple) else (train_freq, "step")
    wanted = values.get("sde_sample_freq", -1)
    if unit == "step" and (count < wanted or (count == 1 and wanted == -1)):
        often = "at every step" if count == 1 else f"every {count} steps"
        draft.notes.append(
            f"{draft.place('train_freq')}: {count} lets gSDE draw new noise {often}, so that "
            f"sde_sample_freq {wanted} has no effect; use train_freq: {max(wanted, 8)} or "
            "[1, episode]"
        )

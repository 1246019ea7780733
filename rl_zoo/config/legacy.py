"""Keys of earlier RL Zoo releases, translated to today's."""

from __future__ import annotations

from collections.abc import Mapping

from rl_zoo.config.draft import Draft
from rl_zoo.config.parameters import FEED_FORWARD_POLICIES

HER_KEYS = ("n_sampled_goal", "goal_selection_strategy")
"""Arguments of the HER replay buffer that once stood beside the algorithm's."""

_DROPPED = {
    "online_sampling": "HER samples goals online in every case since SB3 2.0",
    "max_episode_length": "HER no longer needs it since SB3 2.0",
}


def translate_legacy_keys(draft: Draft, algo: str) -> None:
    """Replace old keys in ``draft`` and note what was done."""
    if algo == "ppo_lstm" and draft.values.get("policy") in FEED_FORWARD_POLICIES:
        _use_policy(draft, draft.values["policy"].replace("Policy", "LstmPolicy"))
    model_class = draft.values.get("model_class")
    if model_class is not None:
        if model_class != algo:
            draft.report("model_class", f"the entry is for {model_class}; use --algo {model_class}")
        draft.remove("model_class")
        if draft.values.get("policy") == "MlpPolicy":
            _use_policy(draft, "MultiInputPolicy")
    _move_her_arguments(draft)
    for key, reason in _DROPPED.items():
        if key in draft.values:
            draft.notes.append(f"{draft.place(key)}: ignored, {reason}")
            draft.remove(key)
    extra = draft.values.get("normalize_kwargs")
    if isinstance(extra, Mapping):
        origin = draft.origins.get("normalize_kwargs", draft.default_origin)
        draft.remove("normalize_kwargs")
        if draft.values.get("normalize"):
            draft.put(["normalize"], extra, origin)


def _use_policy(draft: Draft, policy: str) -> None:
    old = draft.values["policy"]
    draft.notes.append(f"{draft.place('policy')}: {old} does not fit here; using {policy}")
    draft.put(["policy"], policy, draft.origins["policy"])


def _move_her_arguments(draft: Draft) -> None:
    for key in HER_KEYS:
        if key in draft.values:
            origin = draft.origins[key]
            draft.put(["replay_buffer_kwargs", key], draft.remove(key), origin)
            if not draft.values.get("replay_buffer_class"):
                draft.put(["replay_buffer_class"], "HerReplayBuffer", origin)

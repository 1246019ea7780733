"""The hyperparameters of every algorithm: names, types and ranges, without importing it.

The names are those of the constructors in SB3 and sb3-contrib 2.9; a test compares them with the
real signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rl_zoo.config.rules import Rule

_POSITIVE = Rule("integer", low=1)
_COUNT = Rule("integer", low=0)
_FLAG = Rule("boolean")
_NUMBER = Rule("number")
_NOT_NEGATIVE = Rule("number", low=0)
_FRACTION = Rule("number", low=0, high=1)
_ABOVE_ZERO = Rule("number", low=0, open_low=True)
_OPEN_FRACTION = Rule("number", low=0, high=1, open_low=True)
_SCHEDULED = Rule("number", low=0, open_low=True, schedulable=True)
_MAPPING = Rule("mapping", optional=True)
_CLASS = Rule("class", optional=True)

_EVERY = {
    "learning_rate": Rule("number", low=0, schedulable=True),
    "policy_kwargs": _MAPPING,
    "stats_window_size": _POSITIVE,
}
_SDE = {"use_sde": _FLAG, "sde_sample_freq": Rule("integer", low=-1)}
_ON_POLICY = {
    **_EVERY,
    **_SDE,
    "n_steps": _POSITIVE,
    "gamma": _OPEN_FRACTION,
    "gae_lambda": _FRACTION,
    "normalize_advantage": _FLAG,
}
_ROLLOUT_BUFFER = {"rollout_buffer_class": _CLASS, "rollout_buffer_kwargs": _MAPPING}
_ACTOR_CRITIC_LOSS = {
    "ent_coef": _NOT_NEGATIVE,
    "vf_coef": _NOT_NEGATIVE,
    "max_grad_norm": _ABOVE_ZERO,
}
_RECURRENT_PPO = {
    **_ON_POLICY,
    **_ACTOR_CRITIC_LOSS,
    "batch_size": _POSITIVE,
    "n_epochs": _POSITIVE,
    "clip_range": _SCHEDULED,
    "clip_range_vf": Rule("number", low=0, open_low=True, schedulable=True, optional=True),
    "target_kl": Rule("number", low=0, open_low=True, optional=True),
}
_OFF_POLICY = {
    **_EVERY,
    "buffer_size": _POSITIVE,
    "learning_starts": _COUNT,
    "batch_size": _POSITIVE,
    "gamma": _OPEN_FRACTION,
    "train_freq": Rule("train_freq", low=1),
    "gradient_steps": Rule("integer", low=-1),
    "replay_buffer_class": _CLASS,
    "replay_buffer_kwargs": _MAPPING,
    "optimize_memory_usage": _FLAG,
    "n_steps": _POSITIVE,
}
_TAU = {"tau": _OPEN_FRACTION}
_ENTROPY = {
    **_SDE,
    "use_sde_at_warmup": _FLAG,
    "ent_coef": Rule("number", low=0, words=("auto",)),
    "target_entropy": Rule("number", words=("auto",)),
}
_DQN = {
    **_OFF_POLICY,
    **_TAU,
    "target_update_interval": _POSITIVE,
    "exploration_fraction": _FRACTION,
    "exploration_initial_eps": _FRACTION,
    "exploration_final_eps": _FRACTION,
    "max_grad_norm": _ABOVE_ZERO,
}
_SAC = {**_OFF_POLICY, **_TAU, **_ENTROPY, "target_update_interval": _POSITIVE}
_DDPG = {
    name: rule for name, rule in {**_OFF_POLICY, **_TAU}.items() if name != "stats_window_size"
}

ALGORITHM_PARAMETERS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "a2c": {
            **_ON_POLICY,
            **_ROLLOUT_BUFFER,
            **_ACTOR_CRITIC_LOSS,
            "rms_prop_eps": _ABOVE_ZERO,
            "use_rms_prop": _FLAG,
        },
        "ars": {
            **_EVERY,
            "n_delta": _POSITIVE,
            "n_top": Rule("integer", low=1, optional=True),
            "delta_std": _SCHEDULED,
            "zero_policy": _FLAG,
            "alive_bonus_offset": _NUMBER,
            "n_eval_episodes": _POSITIVE,
        },
        "crossq": {**_OFF_POLICY, **_ENTROPY, "policy_delay": _POSITIVE},
        "ddpg": _DDPG,
        "dqn": _DQN,
        "droq": {
            **{name: rule for name, rule in _SAC.items() if name != "target_update_interval"},
            "policy_delay": _POSITIVE,
        },
        "openloop": {
            **{name: _EVERY[name] for name in ("policy_kwargs", "stats_window_size")},
            "frequency_range": Rule("range"),
            "amplitude_range": Rule("range", optional=True),
            "offset_range": Rule("range", optional=True),
            "gait": Rule("gait", optional=True),
            "legs": Rule("legs", optional=True),
            "sigma": _OPEN_FRACTION,
            "warm_sigma": _OPEN_FRACTION,
            "population_size": Rule("integer", low=4, optional=True),
            "n_eval_episodes": _POSITIVE,
            "random_start_phase": _FLAG,
            "initial_pattern": Rule("pattern", optional=True),
            "n_top": _POSITIVE,
            "n_top_episodes": _POSITIVE,
            "control_period": Rule("number", low=0, open_low=True, optional=True),
        },
        "ppo": {**_RECURRENT_PPO, **_ROLLOUT_BUFFER},
        "ppo_lstm": {**_RECURRENT_PPO, "batch_size": Rule("integer", low=1, optional=True)},
        "qrdqn": {**_DQN, "max_grad_norm": Rule("number", low=0, open_low=True, optional=True)},
        "sac": _SAC,
        "td3": {
            **_OFF_POLICY,
            **_TAU,
            "policy_delay": _POSITIVE,
            "target_policy_noise": _NOT_NEGATIVE,
            "target_noise_clip": _NOT_NEGATIVE,
        },
        "tqc": {**_SAC, "top_quantiles_to_drop_per_net": _COUNT},
        "trpo": {
            **_ON_POLICY,
            **_ROLLOUT_BUFFER,
            "batch_size": _POSITIVE,
            "cg_max_steps": _POSITIVE,
            "cg_damping": _NOT_NEGATIVE,
            "line_search_shrinking_factor": _OPEN_FRACTION,
            "line_search_max_iter": _POSITIVE,
            "n_critic_updates": _POSITIVE,
            "target_kl": _NOT_NEGATIVE,
            "sub_sampling_factor": _POSITIVE,
        },
    }
)
"""Rules of the constructor's parameters, by algorithm."""

PLUGIN_PARAMETERS: Mapping[str, Rule] = MappingProxyType(
    {
        **{key: _RECURRENT_PPO[key] for key in ("learning_rate", "clip_range", "clip_range_vf")},
        **{key: _OFF_POLICY[key] for key in ("train_freq", "replay_buffer_class")},
        "delta_std": _SCHEDULED,
        "policy_kwargs": _MAPPING,
        "replay_buffer_kwargs": _MAPPING,
    }
)
"""Rules for an algorithm of a plug-in, which may have any other parameter."""

NOISY_ALGORITHMS = frozenset({"crossq", "ddpg", "droq", "sac", "td3", "tqc"})
"""Algorithms that take action noise (``noise_type`` and ``noise_std``)."""

SET_BY_RUNNER: Mapping[str, str] = MappingProxyType(
    {
        "env": "use --env",
        "seed": "use --seed",
        "device": "use --device",
        "verbose": "use --verbose",
        "tensorboard_log": "use --tensorboard-log",
        "action_noise": "use noise_type and noise_std",
        "_init_setup_model": "remove it",
    }
)
"""Constructor parameters that are not hyperparameters, with what to use instead."""

FEED_FORWARD_POLICIES = ("MlpPolicy", "CnnPolicy", "MultiInputPolicy")
"""Names of the policies without memory."""

POLICIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{algo: FEED_FORWARD_POLICIES for algo in ALGORITHM_PARAMETERS},
        "ars": ("MlpPolicy", "LinearPolicy"),
        "crossq": ("MlpPolicy",),
        "droq": ("MlpPolicy", "MultiInputPolicy"),
        "openloop": ("OscillatorPolicy",),
        "ppo_lstm": ("MlpLstmPolicy", "CnnLstmPolicy", "MultiInputLstmPolicy"),
    }
)
"""Names of the policies of each algorithm."""

_ACTIVATION = Rule("class", family="activation")
_EXTRACTOR = {
    "features_extractor_class": Rule("class"),
    "features_extractor_kwargs": _MAPPING,
    "normalize_images": _FLAG,
    "optimizer_class": Rule("class", family="optimizer"),
    "optimizer_kwargs": _MAPPING,
}


def _net_arch(*parts: str) -> Rule:
    return Rule("net_arch", optional=True, fields={part: _POSITIVE for part in parts})


_VALUE_NETWORK = {**_EXTRACTOR, "net_arch": _net_arch(), "activation_fn": _ACTIVATION}
_TWIN_CRITIC = {
    **_EXTRACTOR,
    "net_arch": _net_arch("pi", "qf"),
    "activation_fn": _ACTIVATION,
    "n_critics": _POSITIVE,
    "share_features_extractor": _FLAG,
}
_GAUSSIAN_CRITIC = {
    **_TWIN_CRITIC,
    "log_std_init": _NUMBER,
    "use_expln": _FLAG,
    "clip_mean": _NOT_NEGATIVE,
}
_ACTOR_CRITIC = {
    **_EXTRACTOR,
    "net_arch": _net_arch("pi", "vf"),
    "activation_fn": _ACTIVATION,
    "ortho_init": _FLAG,
    "log_std_init": _NUMBER,
    "full_std": _FLAG,
    "use_expln": _FLAG,
    "squash_output": _FLAG,
    "share_features_extractor": _FLAG,
}

POLICY_KWARGS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "a2c": _ACTOR_CRITIC,
        "ars": {
            "net_arch": _net_arch(),
            "activation_fn": _ACTIVATION,
            "with_bias": _FLAG,
            "squash_output": _FLAG,
        },
        "crossq": {
            **_GAUSSIAN_CRITIC,
            "batch_norm": _FLAG,
            "batch_norm_momentum": _FRACTION,
            "batch_norm_eps": _ABOVE_ZERO,
            "renorm_warmup_steps": _COUNT,
        },
        "ddpg": _TWIN_CRITIC,
        "dqn": _VALUE_NETWORK,
        "droq": {
            **_GAUSSIAN_CRITIC,
            "dropout_rate": Rule("number", low=0, high=0.99),
            "layer_norm": _FLAG,
        },
        "openloop": {},
        "ppo": _ACTOR_CRITIC,
        "ppo_lstm": {
            **_ACTOR_CRITIC,
            "lstm_hidden_size": _POSITIVE,
            "n_lstm_layers": _POSITIVE,
            "shared_lstm": _FLAG,
            "enable_critic_lstm": _FLAG,
            "lstm_kwargs": _MAPPING,
        },
        "qrdqn": {**_VALUE_NETWORK, "n_quantiles": _POSITIVE},
        "sac": _GAUSSIAN_CRITIC,
        "td3": _TWIN_CRITIC,
        "tqc": {**_GAUSSIAN_CRITIC, "n_quantiles": _POSITIVE},
        "trpo": _ACTOR_CRITIC,
    }
)
"""Rules of the names in ``policy_kwargs``, by algorithm (``use_sde`` is set beside them)."""

PLUGIN_POLICY_KWARGS: Mapping[str, Rule] = MappingProxyType(
    {
        **_ACTOR_CRITIC,
        "net_arch": _net_arch("pi", "vf", "qf"),
    }
)
"""Rules of the names in ``policy_kwargs`` of a plug-in's algorithm, which may have others."""

NOT_IN_LINEAR_POLICY = frozenset({"net_arch", "activation_fn"})
"""Names that the ``LinearPolicy`` of ``ars`` lacks."""

_TIMEOUT = {"handle_timeout_termination": _FLAG}
REPLAY_BUFFER_KWARGS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "ReplayBuffer": _TIMEOUT,
        "DictReplayBuffer": _TIMEOUT,
        "NStepReplayBuffer": {**_TIMEOUT, "n_steps": _POSITIVE, "gamma": _OPEN_FRACTION},
        "HerReplayBuffer": {
            **_TIMEOUT,
            "n_sampled_goal": _POSITIVE,
            "goal_selection_strategy": Rule("text", words=("future", "final", "episode")),
            "copy_info_dict": _FLAG,
        },
    }
)
"""Rules of the names in ``replay_buffer_kwargs``, by class of the buffer."""

NORMALIZE: Mapping[str, Rule] = MappingProxyType(
    {
        "norm_obs": _FLAG,
        "norm_reward": _FLAG,
        "clip_obs": _ABOVE_ZERO,
        "clip_reward": _ABOVE_ZERO,
        "gamma": Rule("number", low=0, high=1, open_low=True, optional=True),
        "epsilon": _ABOVE_ZERO,
        "norm_obs_keys": Rule("names", optional=True),
    }
)
"""Rules of the names in ``normalize`` (the keywords of ``VecNormalize``)."""

MONITOR_KWARGS: Mapping[str, Rule] = MappingProxyType(
    {
        "allow_early_resets": _FLAG,
        "reset_keywords": Rule("names"),
        "info_keywords": Rule("names"),
        "override_existing": _FLAG,
    }
)
"""Rules of the names in ``monitor_kwargs``."""

ZOO_KEYS: Mapping[str, Rule] = MappingProxyType(
    {
        "n_timesteps": _POSITIVE,
        "n_envs": _POSITIVE,
        "frame_stack": Rule("integer", low=1, optional=True),
        "noise_type": Rule("text", words=("normal", "ornstein-uhlenbeck"), optional=True),
        "noise_std": Rule("number", low=0, optional=True),
        "env_kwargs": _MAPPING,
        "eval_env_kwargs": _MAPPING,
        "monitor_kwargs": Rule("mapping", optional=True, fields=MONITOR_KWARGS, closed=True),
    }
)
"""Rules of the keys that are not the algorithm's and need no further interpretation."""

COMPONENT_KEYS = ("env_wrapper", "vec_env_wrapper", "callback")
"""Keys that hold wrappers or callbacks, by name."""

STRUCTURE_KEYS = ("policy", "normalize", *COMPONENT_KEYS, "search_space")
"""Keys that have a form of their own."""

MAPPING_KEYS = frozenset(
    [
        "policy_kwargs",
        "replay_buffer_kwargs",
        "rollout_buffer_kwargs",
        "normalize",
        "monitor_kwargs",
        "env_kwargs",
        "eval_env_kwargs",
    ]
)
"""Keys whose values are merged name by name when given in several places."""

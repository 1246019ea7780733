"""The ranges are the zoo's, every point is a valid configuration, and none is lost on the way."""

import optuna
import pytest

from rl_zoo.config.parameters import ALGORITHM_PARAMETERS
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError
from rl_zoo.tuning.search_space import space_of
from rl_zoo.tuning.spaces import SPACES, find_space
from rl_zoo.tuning.values import entry_point, read_stored, suggest, to_config_values

GAMMA, RATE = (1e-4, 0.03, "log"), (1e-5, 2e-3, "log")
GAE, ENTROPY, TAU = (1e-4, 0.1, "log"), (1e-8, 0.1, "log"), (1e-3, 0.08, "log")
ACTIVATIONS = ["tanh", "relu"]
COMMON = {"one_minus_gamma": GAMMA, "learning_rate": RATE}
PPO = {
    **COMMON,
    "batch_size_pow": (2, 10),
    "n_steps_pow": (5, 12),
    "one_minus_gae_lambda": GAE,
    "ent_coef": ENTROPY,
    "clip_range": [0.1, 0.2, 0.3, 0.4],
    "n_epochs": [1, 5, 10, 20],
    "max_grad_norm": (0.3, 2),
    "net_arch": ["tiny", "small", "medium"],
    "activation_fn": ACTIVATIONS,
}
SAC = {
    **COMMON,
    "batch_size_pow": (2, 11),
    "train_freq": (1, 10),
    "tau": TAU,
    "net_arch": ["small", "medium", "big"],
}
TD3 = {**SAC, "noise_type": ["ornstein-uhlenbeck", "normal", None], "noise_std": (0, 0.5)}
DQN = {
    **COMMON,
    "batch_size_pow": (2, 11),
    "train_freq": (1, 10),
    "subsample_steps": (1, 8),
    "exploration_final_eps": (0, 0.2),
    "exploration_fraction": (0, 0.5),
    "target_update_interval": (1, 20000, "log"),
    "net_arch": ["small", "medium", "big"],
}
ZOO = {
    "ppo": PPO,
    "ppo_lstm": PPO,
    "trpo": {
        **COMMON,
        "batch_size_pow": (2, 10),
        "n_steps_pow": (5, 12),
        "one_minus_gae_lambda": GAE,
        "n_critic_updates": (5, 30),
        "cg_max_steps": (5, 30),
        "target_kl": (1e-3, 0.1, "log"),
        "net_arch": ["small", "medium"],
        "activation_fn": ACTIVATIONS,
    },
    "a2c": {
        **COMMON,
        "n_steps": [32, 64, 128, 256, 512, 1024, 2048],
        "one_minus_gae_lambda": GAE,
        "max_grad_norm": (0.3, 2),
        "ent_coef": ENTROPY,
        "net_arch": ["small", "medium"],
        "activation_fn": ACTIVATIONS,
    },
    "sac": SAC,
    "tqc": {**SAC, "n_quantiles": (5, 50), "top_quantiles_to_drop_per_net": (0, 5)},
    "td3": TD3,
    "ddpg": TD3,
    "dqn": DQN,
    "qrdqn": {**DQN, "n_quantiles": (5, 200)},
    "ars": {
        "n_delta_pow": (2, 6),
        "learning_rate": RATE,
        "delta_std": (0.01, 0.3),
        "top_frac_size": (0.05, 1),
    },
}
HER = {"n_sampled_goal": (1, 5), "goal_selection_strategy": ["final", "episode", "future"]}
GOAL = "replay_buffer_class:HerReplayBuffer"


class Recorder:
    """A trial that draws the upper ends and writes down what was asked."""

    def __init__(self):
        self.asked = {}

    def suggest_float(self, name, low, high, log=False):
        self.asked[name] = (low, high, "log") if log else (low, high)
        return high

    suggest_int = suggest_float

    def suggest_categorical(self, name, choices):
        self.asked[name] = list(choices)
        return choices[-1]


def config_of(algo, tmp_path, *params, n_timesteps=10**6, trial=None):
    file = tmp_path / "default.yml"
    policies = {"ppo_lstm": "MlpLstmPolicy", "openloop": "OscillatorPolicy"}
    policy = policies.get(algo, "MlpPolicy")
    file.write_text(f"default:\n  policy: {policy}\n  n_timesteps: {n_timesteps}\n")
    return resolve(ConfigRequest(algo, "Tiny-v0", conf_file=file, params=params, trial=trial or {}))


@pytest.mark.parametrize("algo", sorted(ZOO))
def test_ranges_are_the_zoos(algo, tmp_path):
    recorder = Recorder()
    suggest(space_of(config_of(algo, tmp_path)), recorder)
    assert recorder.asked == ZOO[algo]


def test_her_adds_its_two(tmp_path):
    recorder = Recorder()
    suggest(space_of(config_of("sac", tmp_path, GOAL)), recorder)
    assert recorder.asked == {**SAC, **HER}


def test_bounds_between_parameters(tmp_path):
    class LowTrainFreq(Recorder):
        def suggest_int(self, name, low, high, log=False):
            super().suggest_float(name, low, high, log)
            return 3 if name == "train_freq" else high

    recorder = LowTrainFreq()
    sampled = suggest(space_of(config_of("dqn", tmp_path)), recorder)
    assert recorder.asked["subsample_steps"] == (1, 3)
    assert to_config_values(SPACES["dqn"], sampled)["gradient_steps"] == 1
    few = find_space("tqc")[-1]
    assert few.upper_bound({"n_quantiles": 5}) == 4
    assert few.upper_bound({"n_quantiles": 50}) == 5


def test_droq_searches_how_many_updates_a_step_gets(tmp_path):
    recorder = Recorder()
    space = space_of(config_of("droq", tmp_path))
    values = to_config_values(space, suggest(space, recorder))
    assert recorder.asked["gradient_steps"] == (1, 20, "log")
    assert values["gradient_steps"] == values["policy_delay"] == 20
    assert "train_freq" not in values, "it would force one update per step"
    assert values["policy_kwargs.dropout_rate"] == 0.1


def test_no_algorithm_without_a_space():
    assert set(SPACES) == set(ALGORITHM_PARAMETERS)
    with pytest.raises(ConfigError, match="has no search space; did you mean 'sac'"):
        find_space("sacc")


def test_a_rollout_never_exceeds_the_budget(tmp_path):
    config = config_of("ppo", tmp_path, "n_envs:8", n_timesteps=4096)
    recorder = Recorder()
    sampled = suggest(space_of(config), recorder)
    assert recorder.asked["n_steps_pow"] == (5, 9)
    values = to_config_values(space_of(config), {**sampled, "n_steps": 32}, n_envs=8)
    assert values["batch_size"] == 256, "no batch is larger than a rollout"


@pytest.mark.parametrize("algo", sorted(SPACES))
def test_every_point_is_a_valid_configuration(algo, tmp_path):
    config = config_of(algo, tmp_path)
    space = space_of(config)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(30):
        trial = study.ask()
        sampled = suggest(space, trial)
        values = to_config_values(space, sampled, config.n_envs)
        tuned = config_of(algo, tmp_path, trial=values)
        assert read_stored(space, trial.params) == sampled
        assert not set(values) - {*tuned.origins}, "a sampled value is not in the configuration"


def test_values_reach_their_keys(tmp_path):
    space = find_space("td3")
    sampled = {
        "one_minus_gamma": 0.02,
        "batch_size": 64,
        "train_freq": 4,
        "noise_type": None,
        "noise_std": 0.3,
        "net_arch": "big",
    }
    config = config_of(
        "td3",
        tmp_path,
        "policy_kwargs:dict(n_critics=1, net_arch=[16])",
        "noise_type:normal",
        "noise_std:0.1",
    )
    assert config.action_noise is not None
    values = to_config_values(space, sampled)
    assert values["gradient_steps"] == 4
    tuned = config_of("td3", tmp_path, "policy_kwargs.n_critics:1", trial=values)
    assert tuned.algo_kwargs["gamma"] == pytest.approx(0.98)
    assert tuned.algo_kwargs["policy_kwargs"] == {"n_critics": 1, "net_arch": [400, 300]}
    assert tuned.action_noise is None


def test_given_values_are_not_searched(tmp_path):
    config = config_of("ppo", tmp_path)
    names = {item.name for item in space_of(config, ["gamma", "policy_kwargs"])}
    assert names == {item.name for item in SPACES["ppo"]} - {
        "one_minus_gamma",
        "net_arch",
        "activation_fn",
    }


@pytest.mark.parametrize("algo", sorted(set(SPACES) - {"crossq"}))
def test_own_values_are_a_point_of_the_space(algo, tmp_path):
    """What a sampled point puts into a configuration is read back as the same point."""
    config = config_of(algo, tmp_path)
    space = space_of(config)
    sampled = suggest(space, optuna.create_study(sampler=optuna.samplers.RandomSampler(1)).ask())
    values = to_config_values(space, sampled, config.n_envs)
    point = entry_point(space, config_of(algo, tmp_path, trial=values))
    assert point.inexact == ()
    again = to_config_values(space, read_stored(space, point.params))
    assert (
        again == pytest.approx(values) if not _has_text(values) else again.keys() == values.keys()
    )


def test_what_the_space_cannot_express_is_named(tmp_path):
    config = config_of(
        "ppo", tmp_path, "learning_rate:lin_0.001", "ent_coef:0.0", "policy_kwargs.net_arch:[7]"
    )
    point = entry_point(space_of(config), config)
    assert set(point.inexact) == {"learning_rate", "ent_coef", "policy_kwargs.net_arch"}
    assert point.params["learning_rate"] == 0.001, "a schedule counts as its first value"
    assert point.params["ent_coef"] == 1e-8
    assert "net_arch" not in point.params


def _has_text(values):
    return any(isinstance(value, (str, list)) or value is None for value in values.values())

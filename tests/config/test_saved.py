"""config.yml: what is saved gives the same run when it is read back, and the zoo reads it."""

import ast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.config.model import Component, Normalize, RunConfig, Symbol
from rl_zoo.config.resolve import ConfigRequest, load_saved, resolve
from rl_zoo.config.yaml import dump_yaml, load_yaml
from rl_zoo.errors import ConfigError, DamagedFileError, UnsafeFileError


def save(config: RunConfig, folder):
    path = folder / "config.yml"
    path.write_text(dump_yaml(config.hyperparams))
    return path


RICH = [
    "normalize:dict(norm_obs=True, norm_reward=False, norm_obs_keys=['a'])",
    "policy_kwargs:dict(activation_fn=nn.ELU, net_arch=dict(pi=[8], qf=[]))",
    "policy_kwargs.optimizer_class:th.optim.AdamW",
    "replay_buffer_class:HerReplayBuffer",
    "replay_buffer_kwargs.n_sampled_goal:2",
    "learning_rate:dict(schedule='cosine', start=1e-3, end=1e-5, end_fraction=0.5)",
    "train_freq:[1, 'episode']",
    "monitor_kwargs.info_keywords:('is_success',)",
    "env_wrapper:[{'FrameSkip': {'skip': 2}}, 'pkg.mod:Thing']",
    "callback:RawStatisticsCallback",
    "env_kwargs:dict(shape=(2, 3), name='1e-3', deep={'a': [1, {'b': None}]})",
    "eval_env_kwargs.cls:nn.ReLU",
]


def test_rich_configuration_survives(tmp_path):
    config = resolve(ConfigRequest("tqc", "Pendulum-v1", params=RICH, n_timesteps=123))
    path = save(config, tmp_path)
    assert load_saved(path, "tqc", "Pendulum-v1") == config
    assert resolve(ConfigRequest("tqc", "Pendulum-v1", path)) == config
    assert load_yaml(path)["n_timesteps"] == 123


def test_the_zoo_understands_the_file(tmp_path):
    """Its enjoy evaluates strings, imports wrappers by dotted path and reads any YAML tag."""
    saved = yaml.unsafe_load(
        save(resolve(ConfigRequest("tqc", "Pendulum-v1", params=RICH)), tmp_path).read_text()
    )
    assert ast.literal_eval(saved["normalize"]) == {
        "norm_obs": True,
        "norm_reward": False,
        "norm_obs_keys": ("a",),
    }
    assert saved["policy_kwargs"] == (
        "dict(activation_fn=nn.ELU, net_arch=dict(pi=[8], qf=[]), optimizer_class=th.optim.AdamW)"
    )
    assert saved["env_wrapper"][0] == {"rl_zoo3.wrappers.FrameSkip": {"skip": 2}}
    assert saved["env_kwargs"]["shape"] == (2, 3)
    assert saved["train_freq"] == [1, "episode"]
    assert list(saved) == sorted(saved)


def test_plain_configuration_is_plain_yaml(tmp_path):
    path = save(resolve(ConfigRequest("ppo", "CartPole-v1")), tmp_path)
    saved = yaml.safe_load(path.read_text())
    assert saved["learning_rate"] == "lin_0.001"
    assert saved["n_timesteps"] == 100_000
    assert "normalize" not in saved
    path = save(resolve(ConfigRequest("ppo", "Acrobot-v1")), tmp_path)
    assert yaml.safe_load(path.read_text())["normalize"] is True


def test_zoo_written_file(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text(
        "!!python/object/apply:collections.OrderedDict\n- - - n_timesteps\n    - 20000.0\n"
        "  - - policy\n    - MlpPolicy\n"
        "  - - normalize\n    - dict(norm_obs=True, norm_reward=False)\n"
        "  - - env_wrapper\n    - - rl_zoo3.wrappers.HistoryWrapper:\n          horizon: 2\n"
        "  - - policy_kwargs\n"
        "    - activation_fn: !!python/name:torch.nn.modules.activation.ReLU ''\n"
        "      use_sde: false\n"
    )
    config = load_saved(path, "sac", "Pendulum-v1")
    assert config.n_timesteps == 20_000
    assert config.normalize == Normalize(norm_reward=False)
    assert config.env_wrappers == (Component("HistoryWrapper", {"horizon": 2}),)
    assert config.algo_kwargs == {"policy_kwargs": {"activation_fn": Symbol("torch.nn:ReLU")}}
    assert resolve(ConfigRequest("sac", "Pendulum-v1", path)) == config


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("", DamagedFileError, "holds no hyperparameters"),
        ("- a\n", DamagedFileError, "holds no hyperparameters"),
        ("policy: [", DamagedFileError, "config.yml:2"),
        ("a: !!python/object/apply:os.system [ls]\n", UnsafeFileError, "can run code"),
        ("policy: MlpPolicy\nn_timesteps: 5\ngama: 1\n", ConfigError, "did you mean 'gamma'?"),
    ],
)
def test_unusable_file(tmp_path, text, error, sentence):
    path = tmp_path / "config.yml"
    path.write_text(text)
    with pytest.raises(error, match=sentence.replace("?", r"\?")):
        load_saved(path, "sac", "Pendulum-v1")


def test_missing_file(tmp_path):
    with pytest.raises(DamagedFileError, match="no such file"):
        load_saved(tmp_path / "config.yml", "sac", "Pendulum-v1")


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("ab_ ", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
_NUMBER = st.floats(1e-6, 1.0)
_SCHEDULE = (
    _NUMBER
    | st.builds("{}_{!r}".format, st.sampled_from(["lin", "cos", "exp"]), _NUMBER)
    | st.builds(
        lambda kind, start, end, part: {
            "schedule": kind,
            "start": start,
            "end": end,
            "end_fraction": part,
        },
        st.sampled_from(["linear", "cosine", "exponential"]),
        _NUMBER,
        _NUMBER,
        st.floats(0.01, 1.0),
    )
)
_KWARGS = st.dictionaries(st.text("abc", min_size=1, max_size=3), _PLAIN, max_size=3)
_ENTRIES = st.fixed_dictionaries(
    {"policy": st.sampled_from(["MlpPolicy", "my.module.Policy"])},
    optional={
        "learning_rate": _SCHEDULE,
        "clip_range": _SCHEDULE,
        "gamma": _NUMBER,
        "n_envs": st.integers(1, 8),
        "normalize": st.booleans()
        | st.fixed_dictionaries({}, optional={"norm_obs": st.booleans(), "clip_obs": _NUMBER}),
        "env_kwargs": _KWARGS,
        "eval_env_kwargs": _KWARGS,
        "policy_kwargs": st.fixed_dictionaries(
            {},
            optional={
                "activation_fn": st.sampled_from(["nn.ReLU", "tanh"]),
                "net_arch": st.lists(st.integers(1, 64), max_size=3),
                "optimizer_kwargs": _KWARGS,
            },
        ),
        "env_wrapper": st.lists(
            st.sampled_from(["FrameSkip", "a.b.C", "a.b:C"])
            | st.dictionaries(
                st.sampled_from(["FrameSkip", "Mine"]), _KWARGS, min_size=1, max_size=1
            ),
            max_size=3,
        ),
    },
)


@settings(deadline=None)
@given(_ENTRIES)
def test_round_trip(tmp_path_factory, entry):
    folder = tmp_path_factory.mktemp("run")
    path = folder / "mine.yml"
    path.write_text(dump_yaml({"Env-v0": {**entry, "n_timesteps": 1000}}), encoding="utf-8")
    config = resolve(ConfigRequest("ppo", "Env-v0", path))
    assert load_saved(save(config, folder), "ppo", "Env-v0") == config

"""Our hyperparameter files hold what RL Zoo makes of its own, entry by entry.

``zoo_effective.json`` was written once by running the zoo's own preprocessing on each of its 283
entries; classes are given by their import path, linear schedules as ``{"linear": start}``.
"""

import json
import re
from pathlib import Path

import pytest

from rl_zoo.config.lookup import find_entry, hyperparams_folder
from rl_zoo.config.model import Normalize, RunConfig, Schedule, Symbol
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.yaml import load_yaml
from rl_zoo.registry import import_object

ZOO = json.loads((Path(__file__).parent / "zoo_effective.json").read_text())
ENTRIES = [(file, env_id) for file, entries in ZOO.items() for env_id in entries]
POLICY_THAT_EXISTS = {"MlpPolicy": "MlpLstmPolicy"}
"""The zoo's ``ppo_lstm`` default names a policy that RecurrentPPO does not have."""


def expected_values(file: str, env_id: str) -> dict:
    """Return the zoo's effective values; the entries of its unused her.yml in today's names."""
    expected = json.loads(json.dumps(ZOO[file][env_id]))
    if (file, env_id) == ("ppo_lstm", "default"):
        expected["policy"] = POLICY_THAT_EXISTS[expected["policy"]]
    if file == "her":
        kwargs = expected["kwargs"]
        for key in ("model_class", "online_sampling", "max_episode_length"):
            kwargs.pop(key, None)
        her_keys = ("n_sampled_goal", "goal_selection_strategy")
        kwargs["replay_buffer_kwargs"] = {key: kwargs.pop(key) for key in her_keys}
        her = "stable_baselines3.her.her_replay_buffer.HerReplayBuffer"
        kwargs["replay_buffer_class"] = {"class": her}
        expected["policy"] = "MultiInputPolicy"
    for wrapper in expected.get("env_wrapper", []):
        wrapper[0] = re.sub(r"^rl_zoo3\.wrappers\.", "", wrapper[0])
        wrapper[0] = re.sub(r"^gymnasium\.wrappers\.\w+\.", "gymnasium.wrappers.", wrapper[0])
    return expected


def effective_values(config: RunConfig) -> dict:
    """Return ``config`` in the notation of the fixture."""
    values = {
        "n_timesteps": config.n_timesteps,
        "n_envs": config.n_envs,
        "policy": config.policy,
        "kwargs": {key: _plain(value) for key, value in config.algo_kwargs.items()},
    }
    if config.normalize is not None:
        default = Normalize()
        names = ("norm_obs", "norm_reward")
        given = {name: getattr(config.normalize, name) for name in names}
        values["normalize"] = {} if config.normalize == default else given
    if config.frame_stack:
        values["frame_stack"] = config.frame_stack
    if config.action_noise:
        values["noise"] = [config.action_noise.kind, config.action_noise.std]
    if config.env_wrappers:
        values["env_wrapper"] = [[w.name, dict(w.kwargs)] for w in config.env_wrappers]
    return values


def _plain(value):
    if isinstance(value, Symbol):
        found = import_object(value.path)
        return {"class": f"{found.__module__}.{found.__name__}"}
    if isinstance(value, Schedule):
        assert (value.kind, value.end, value.end_fraction) == ("linear", 0.0, 1.0)
        return {"linear": value.start}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def request_for(file: str, env_id: str, conf_file: Path | None = None) -> ConfigRequest:
    """Return the request that a zoo user's command line makes."""
    if file != "her":
        return ConfigRequest(file, env_id, conf_file)
    path = conf_file or hyperparams_folder() / "her.yml"
    return ConfigRequest(ZOO[file][env_id]["kwargs"]["model_class"], env_id, path)


@pytest.mark.parametrize(("file", "env_id"), ENTRIES, ids=[f"{f}-{e}" for f, e in ENTRIES])
def test_entry_has_the_zoos_effective_values(file, env_id):
    config = resolve(request_for(file, env_id))
    assert effective_values(config) == expected_values(file, env_id)
    assert not config.notes


def test_fixture_is_complete():
    pairs = [env_id for _, env_id in ENTRIES if env_id not in ("default", "atari")]
    assert len(ENTRIES) == 283
    assert len(pairs) == 266


@pytest.mark.parametrize(
    ("algo", "zoo_id", "current_id"),
    [
        ("sac", "Ant-v4", "Ant-v5"),
        ("ppo", "Reacher-v2", "Reacher-v5"),
        ("crossq", "HumanoidStandup-v4", "HumanoidStandup-v5"),
        ("ppo_lstm", "LunarLanderNoVel-v2", "LunarLanderNoVel-v3"),
        ("tqc", "CarRacing-v0", "CarRacing-v3"),
        ("tqc", "FetchPush-v1", "FetchPush-v4"),
        ("tqc", "PandaReach-v1", "PandaReach-v3"),
    ],
)
def test_current_id_has_the_values_of_the_old_one(algo, zoo_id, current_id):
    old, new = find_entry(algo, zoo_id), find_entry(algo, current_id)
    assert new.origin == f"hyperparams/{algo}.yml: {current_id}"
    assert old.values == new.values


def test_every_mujoco_id_of_the_zoo_has_its_current_version():
    mujoco = re.compile(
        r"(HalfCheetah|Ant|Hopper|Walker2d|Humanoid|HumanoidStandup|Swimmer|Reacher"
        r"|Inverted(Double)?Pendulum)-v[24]"
    )
    for file, env_id in ENTRIES:
        if mujoco.fullmatch(env_id):
            assert f"{env_id.rpartition('-')[0]}-v5" in load_yaml(
                hyperparams_folder() / f"{file}.yml"
            )


@pytest.mark.parametrize("env_id", ["NeckGoalEnvRelativeSparse-v2", "NeckGoalEnvRelativeDense-v2"])
def test_tasks_that_only_her_had_run_with_sac(env_id):
    assert resolve(ConfigRequest("sac", env_id)).algo_kwargs["replay_buffer_kwargs"] == {
        "n_sampled_goal": 4,
        "goal_selection_strategy": "future",
    }


@pytest.mark.parametrize("path", sorted(hyperparams_folder().glob("*.yml")), ids=lambda p: p.stem)
def test_every_packaged_entry_is_valid(path):
    """Also those that the zoo does not have."""
    for env_id, entry in load_yaml(path).items():
        algo = entry.get("model_class", path.stem)
        conf_file = path if path.stem == "her" else None
        assert resolve(ConfigRequest(algo, env_id, conf_file)).n_timesteps > 0

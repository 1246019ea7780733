"""A bundle's episodes are those of the stack it was trained in, number by number."""

import dataclasses
import functools

import gymnasium as gym
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from rl_zoo.agents.playback import PlaySettings, play
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.deploy.carried_wrappers import layer_of
from rl_zoo.deploy.environment import EnvironmentChoice, make_environment
from rl_zoo.deploy.metadata import (
    ActionLayout,
    ArrayLayout,
    EnvironmentRecord,
    Metadata,
    NetworkInput,
    NetworkLayout,
)
from rl_zoo.deploy.play import BundleAgent, BundleEnv
from rl_zoo.deploy.runtime import Policy
from rl_zoo.envs.stack import StackSettings, make_vec_env
from tests.deploy.conftest import write_bundle

PACKAGES = ("tests.probe_envs",)
SEED = 11
N_EPISODES = 4


class NetworkAgent:
    """The graph of a bundle alone, in the stack of training."""

    def __init__(self, policy):
        self.network = policy.network

    def predict(self, observations, state=None, episode_start=None, deterministic=True):
        return self.network.run(observations[0]).copy()[None], None


def array_layout(name, space):
    low, high = (bound.ravel().tolist() for bound in (space.low, space.high))
    is_bounded = space.is_bounded()
    return ArrayLayout(
        name,
        space.shape,
        str(space.dtype),
        tuple(low) if is_bounded else None,
        tuple(high) if is_bounded else None,
    )


def model(n_observations, n_actions, scale):
    weight = np.random.default_rng(3).normal(0.0, scale, (n_actions, n_observations))
    nodes = [
        helper.make_node("Gemm", ["observation", "w"], ["y"], transB=1),
        helper.make_node("Tanh", ["y"], ["action"]),
    ]
    values = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])]
        for name, size in (("observation", n_observations), ("action", n_actions))
    ]
    constants = [numpy_helper.from_array(weight.astype(np.float32), "w")]
    graph = helper.make_graph(nodes, "policy", *values, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture
def both_playbacks(tmp_path):
    """Play the same graph in the stack of training and as a bundle."""

    def run(env_id, wrappers="", n_inner=0, scale=0.3, **env_kwargs):
        params = ["policy:MlpPolicy", "n_timesteps:10"]
        params += [f"env_wrapper:[{wrappers}]"] if wrappers else []
        texts = tuple(f"{key}:{value!r}" for key, value in env_kwargs.items())
        config = resolve(ConfigRequest("sac", env_id, params=tuple(params), env_kwargs=texts))
        config = dataclasses.replace(config, normalize=None)
        settings = StackSettings(mode="evaluate", seed=SEED, gym_packages=PACKAGES)
        stack = make_vec_env(config, settings)
        bundle = write(stack, config, n_inner, scale)
        policy = Policy(bundle)
        play_settings = PlaySettings(n_steps=3000, n_episodes=N_EPISODES)
        trained = play(NetworkAgent(policy), stack, play_settings)
        env = make_environment(
            policy.metadata.environment, EnvironmentChoice(packages=PACKAGES), "x"
        )
        deployed = play(BundleAgent(policy, env), BundleEnv(env, policy, SEED), play_settings)
        stack.close()
        env.close()
        return trained, deployed, policy

    def write(stack, config, n_inner, scale):
        outside, inside = chain(stack)
        carried = inside[n_inner:]
        boundary = carried[0].env if carried else stack.unwrapped.envs[0]
        action = array_layout("action", boundary.action_space)
        n_observations = stack.observation_space.shape[0]
        n_actions = stack.action_space.shape[0]
        metadata = Metadata(
            run={},
            versions={},
            observation=(array_layout("observation", boundary.observation_space),),
            observation_is_dict=False,
            action=ActionLayout("box", action),
            network=NetworkLayout(
                (NetworkInput("observation", "observation", (n_observations,), "float32"),),
                "action",
                (n_actions,),
                "float32",
            ),
            environment=EnvironmentRecord(
                config.env_id,
                dict(config.env_kwargs),
                gym.spec(config.env_id).max_episode_steps,
                tuple(
                    {"name": component.name, "kwargs": dict(component.kwargs)}
                    for component in config.env_wrappers[:n_inner]
                ),
            ),
            layers=tuple(layer_of(wrapper) for wrapper in carried),
            proposed=array_layout("proposed", outside.action_space) if carried else None,
        )
        graph = model(n_observations, n_actions, scale)
        return write_bundle(graph, metadata, tmp_path / "bundle.onnx")

    return run


def chain(stack):
    """Return the environment as the agent sees it, and the wrappers from YAML, innermost first."""
    env = stack.unwrapped.envs[0].env.env.env  # inside of Monitor, metrics and episode control
    wrappers, layer = [], env
    while isinstance(layer, gym.Wrapper) and type(layer).__name__ not in (
        "TimeLimit",
        "OrderEnforcing",
        "PassiveEnvChecker",
    ):
        wrappers.append(layer)
        layer = layer.env
    return env, wrappers[::-1]


HISTORY = "{'HistoryWrapper': {'horizon': 2}}"
FILTER = "{'ActionFilterWrapper': {'cutoff_frequency': 5.0}}"
SMOOTHING = "{'ActionSmoothingWrapper': {'smoothing_coef': 0.5}}"
CPG = (
    "{'CPGResidualWrapper': {'space': 'foot', 'mode': 'both', 'random_initial_phase': True, "
    "'prior': {'gait': 'trot', 'swing_frequency': 4.0}}}"
)
SAFETY = (
    "{'SafetyWrapper': {'penalty': 0.5, 'limits': {'max_command_velocity': 2.0, 'max_tilt': 0.05},"
    " 'reactions': {'tilt': 'terminate'}}}"
)
BOX_SAFETY = "{'SafetyWrapper': {'penalty': 0.5, 'limits': {'max_action_change': 0.2}}}"


@pytest.mark.parametrize(
    ("env_id", "wrappers"),
    [
        ("Tiny-v0", ""),
        ("Ring-v0", ""),
        ("GappyRing-v0", ""),
        ("Pendulum-v1", HISTORY),
        ("Tiny-v0", f"{SMOOTHING}, {HISTORY}"),
        ("Bert-v0", HISTORY),
        ("Bert-v0", f"{FILTER}, {HISTORY}"),
        ("Bert-v0", CPG),
        ("Bert-v0", f"{SAFETY}, {CPG}"),
        ("Bert-v0", f"{SAFETY}, {FILTER}, {HISTORY}"),
        ("Pendulum-v1", f"{BOX_SAFETY}, {HISTORY}"),
    ],
)
def test_equals_the_stack_of_training(both_playbacks, env_id, wrappers):
    kwargs = {"max_episode_steps": 60} if env_id.startswith("Bert") else {}
    trained, deployed, policy = both_playbacks(env_id, wrappers, **kwargs)
    assert deployed == trained
    assert len(policy.layers) == wrappers.count("Wrapper'")
    assert len(deployed.episodes) == N_EPISODES or env_id == "GappyRing-v0"
    assert bool(deployed.discarded) == (env_id == "GappyRing-v0")
    assert all(episode.metrics for episode in deployed.episodes)


def test_the_guard_takes_its_penalty_and_ends_episodes(both_playbacks):
    trained, deployed, _ = both_playbacks("Bert-v0", f"{SAFETY}, {CPG}", max_episode_steps=60)
    assert deployed == trained
    assert deployed.end_reasons() == {"fall": N_EPISODES}
    assert all(episode.metrics["safety/tilt"] > 0.0 for episode in deployed.episodes)
    rates = [episode.metrics["safety/intervention_rate"] for episode in deployed.episodes]
    assert max(rates) > 0.0
    assert all("safety/margin" in episode.metrics for episode in deployed.episodes)


def test_a_wrapper_inside_of_the_boundary_stays_with_the_environment(both_playbacks):
    trained, deployed, policy = both_playbacks("Tiny-v0", f"{SMOOTHING}, {HISTORY}", n_inner=1)
    assert deployed == trained
    assert [layer.kind for layer in policy.layers] == ["history"]


def test_the_operators_stop_ends_the_playback_after_the_episode(both_playbacks, monkeypatch):
    from tests.probe_envs import CountingEnv

    step = CountingEnv.step

    @functools.wraps(step)
    def stopping(self, action):
        observation, reward, terminated, truncated, info = step(self, action)
        if len(self.actions) == 6:  # in the second episode
            info["stop_requested"] = "operator"
        return observation, reward, terminated, truncated, info

    monkeypatch.setattr(CountingEnv, "step", stopping)
    trained, deployed, _ = both_playbacks("Counting-v0")
    assert deployed == trained
    assert deployed.interrupted
    assert [episode.length for episode in deployed.episodes] == [4]
    assert deployed.end_reasons() == {"time_limit": 1, "operator": 1}

"""The tables of hyperparameters agree with the installed SB3 and sb3-contrib."""

import inspect

import pytest
import sb3_contrib
import stable_baselines3 as sb3
from stable_baselines3.common import buffers
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.open_loop import OpenLoop
from rl_zoo.config.model import Symbol
from rl_zoo.config.parameters import (
    ALGORITHM_PARAMETERS,
    MONITOR_KWARGS,
    NOISY_ALGORITHMS,
    NORMALIZE,
    NOT_IN_LINEAR_POLICY,
    POLICIES,
    POLICY_KWARGS,
    REPLAY_BUFFER_KWARGS,
    SET_BY_RUNNER,
)
from rl_zoo.config.rules import INVALID, convert
from rl_zoo.config.symbols import ACTIVATIONS, NAMED_CLASSES, OPTIMIZERS, symbol_from_path
from rl_zoo.registry import import_object

CLASSES = {
    "a2c": sb3.A2C,
    "ars": sb3_contrib.ARS,
    "crossq": sb3_contrib.CrossQ,
    "droq": DroQ,
    "ddpg": sb3.DDPG,
    "dqn": sb3.DQN,
    "openloop": OpenLoop,
    "ppo": sb3.PPO,
    "ppo_lstm": sb3_contrib.RecurrentPPO,
    "qrdqn": sb3_contrib.QRDQN,
    "sac": sb3.SAC,
    "td3": sb3.TD3,
    "tqc": sb3_contrib.TQC,
    "trpo": sb3_contrib.TRPO,
}


def parameters_of(function):
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }


def test_every_algorithm_has_a_table():
    assert set(ALGORITHM_PARAMETERS) == set(POLICY_KWARGS) == set(POLICIES) == set(CLASSES)


@pytest.mark.parametrize("algo", CLASSES)
def test_names_are_those_of_the_constructor(algo):
    real = set(parameters_of(CLASSES[algo].__init__)) - set(SET_BY_RUNNER) - {"policy"}
    assert set(ALGORITHM_PARAMETERS[algo]) == real


@pytest.mark.parametrize("algo", CLASSES)
def test_every_default_is_valid(algo):
    problems = []
    for name, rule in ALGORITHM_PARAMETERS[algo].items():
        default = parameters_of(CLASSES[algo].__init__)[name].default
        converted = convert(rule, default, name, lambda key, text: problems.append((key, text)))
        assert converted is INVALID or converted == default
        if default is None:
            assert rule.optional, name
    assert problems == []


@pytest.mark.parametrize("algo", CLASSES)
def test_policy_names(algo):
    assert set(POLICIES[algo]) == set(CLASSES[algo].policy_aliases)


@pytest.mark.parametrize("algo", CLASSES)
def test_policy_kwargs_are_those_of_the_policies(algo):
    given_by_algorithm = {"observation_space", "action_space", "lr_schedule", "use_sde"}
    for name, policy in CLASSES[algo].policy_aliases.items():
        real = set(parameters_of(policy.__init__)) - given_by_algorithm
        missing = NOT_IN_LINEAR_POLICY if name == "LinearPolicy" else frozenset()
        assert set(POLICY_KWARGS[algo]) - missing == real


def test_action_noise():
    real = {a for a, c in CLASSES.items() if "action_noise" in parameters_of(c.__init__)}
    assert real == NOISY_ALGORITHMS


@pytest.mark.parametrize("name", REPLAY_BUFFER_KWARGS)
def test_replay_buffer_kwargs(name):
    given_by_algorithm = {
        "buffer_size",
        "observation_space",
        "action_space",
        "device",
        "n_envs",
        "optimize_memory_usage",
        "env",
    }
    buffer = import_object(NAMED_CLASSES[name])
    real = set(inspect.signature(buffer.__init__).parameters) - {"self", "args", "kwargs"}
    if buffer is buffers.NStepReplayBuffer:
        real.add("handle_timeout_termination")  # hidden behind **kwargs
    assert set(REPLAY_BUFFER_KWARGS[name]) == real - given_by_algorithm


def test_normalize_and_monitor():
    assert set(NORMALIZE) == set(parameters_of(VecNormalize.__init__)) - {"venv", "training"}
    assert set(MONITOR_KWARGS) == set(parameters_of(Monitor.__init__)) - {"env", "filename"}


@pytest.mark.parametrize("path", [*NAMED_CLASSES.values()])
def test_named_classes_exist(path):
    found = import_object(path)
    assert symbol_from_path(f"{found.__module__}:{found.__qualname__}") == Symbol(path)


def test_torch_names_exist():
    from torch import nn, optim

    assert all(issubclass(getattr(nn, name), nn.Module) for name in ACTIVATIONS)
    assert all(issubclass(getattr(optim, name), optim.Optimizer) for name in OPTIMIZERS)

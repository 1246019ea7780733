"""Build the agent that learns from the ring, and do one update on another one first."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.random_state import collect_random_state, restore_random_state
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.ring_replay import RingReplay
from rl_zoo.realtime.ring_returns import ReturnReplay
from rl_zoo.realtime.spaces_env import make_spaces_env
from rl_zoo.train_options import TrainOptions

if TYPE_CHECKING:
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

_N_REHEARSED = 2
"""Rows of the buffer that an update is tried on."""


def build_learner_agent(options: TrainOptions, ring: Ring, backend: str) -> OffPolicyAlgorithm:
    """Return the agent of a run, whose replay buffer is ``ring``.

    Args:
        options: Of the run.
        ring: That the actor fills.
        backend: Value of ``--backend``.

    Raises:
        ConfigError: If the algorithm cannot handle the spaces, or a hyperparameter does not fit.
    """
    agent = _build(options, ring, backend)
    agent.buffer_size = ring.spec.buffer_size
    agent.replay_buffer = _replay_of(ring, agent)
    agent._total_timesteps = options.config.n_timesteps
    return agent


def rehearse_update(agent: OffPolicyAlgorithm, options: TrainOptions, backend: str) -> None:
    """Update a copy of ``agent`` once, so that the first real update is as fast as any other.

    Libraries are loaded, compilers have run and memory was touched; ``agent`` and all random
    numbers stay as they were.

    Args:
        agent: Built by ``build_learner_agent``.
        options: As it was built with.
        backend: As it was built with.
    """
    replay: Any = agent.replay_buffer
    state = copy.deepcopy(collect_random_state(agent))
    try:
        if backend == "jax":
            _rehearse_in_place(agent, replay)
            return
        quiet = replace(options, verbose=0)  # what it says about the device was said
        other = _build(quiet, replay.ring, backend)
        other.set_logger(_silent_logger())
        other.replay_buffer = _two_rows(other)
        other.train(gradient_steps=1, batch_size=other.batch_size)
    finally:
        restore_random_state(agent, state)


def _replay_of(ring: Ring, agent: Any) -> RingReplay:
    if agent.n_steps == 1:
        return RingReplay(ring, agent.device)
    return ReturnReplay(ring, agent.n_steps, agent.gamma, agent.device)


def _build(options: TrainOptions, ring: Ring, backend: str) -> OffPolicyAlgorithm:
    config = options.config
    # The transitions are in the ring: the buffer of SB3 gets no memory.
    keywords = {**config.algo_kwargs, "buffer_size": 1}
    settings = BuildSettings(
        seed=options.seed,
        device=options.device,
        verbose=options.verbose,
        tensorboard_log=options.tensorboard_log,
        backend=backend,
    )
    env = make_spaces_env(config, ring.spec)
    agent: Any = build_agent(replace(config, algo_kwargs=keywords), env, settings)
    return agent  # type: ignore[no-any-return]


def _rehearse_in_place(agent: Any, replay: Any) -> None:
    """Update ``agent`` itself and put everything back: JAX compiles for this very object."""
    from rl_zoo.agents.jax.state import collect_state, restore_state

    arrays, n_updates = collect_state(agent), agent._n_updates
    logger = vars(agent).get("_logger")
    agent.set_logger(_silent_logger())
    agent.replay_buffer = _two_rows(agent)
    try:
        for size in agent.block_sizes():
            agent.train(gradient_steps=size, batch_size=agent.batch_size)
    finally:
        restore_state(agent, arrays, "the agent before its first update")
        agent.replay_buffer, agent._n_updates = replay, n_updates
        if logger is not None:
            agent.set_logger(logger)


def _two_rows(agent: OffPolicyAlgorithm) -> Any:
    """Return a buffer that is full of zeros."""
    from stable_baselines3.common.buffers import ReplayBuffer

    spaces = (agent.observation_space, agent.action_space)
    buffer = ReplayBuffer(_N_REHEARSED, *spaces, device=agent.device)
    shape: Any = agent.observation_space.shape
    zeros, n_actions = np.zeros((1, *shape), np.float32), int(np.prod(agent.action_space.shape))  # type: ignore[arg-type]
    for _ in range(_N_REHEARSED):
        buffer.add(
            zeros, zeros, np.zeros((1, n_actions)), np.zeros(1), np.zeros(1, dtype=bool), [{}]
        )
    return buffer


def _silent_logger() -> Any:
    from stable_baselines3.common.logger import Logger

    return Logger(None, [])

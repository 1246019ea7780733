"""Build everything a run needs, take one step, report, and leave nothing behind."""

from __future__ import annotations

import shutil
import time
from typing import Any

import numpy as np

from rl_zoo.agents.backends import backend_of
from rl_zoo.agents.buffers import memory_of
from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.experiment import check
from rl_zoo.train_options import TrainOptions


def dry_run(options: TrainOptions) -> str:
    """Return a report of what the run would use.

    Raises:
        ConfigError: If the run could not start.
    """
    check(options)
    config = options.config
    settings = StackSettings(
        seed=options.seed,
        n_envs=config.n_envs,
        vec_env="subproc" if options.vec_env == "subproc" else "dummy",
        gym_packages=options.gym_packages,
    )
    env = make_vec_env(config, settings)
    try:
        build = BuildSettings(seed=options.seed, device=options.device, backend=options.backend)
        agent = build_agent(config, env, build)
        observations: Any = env.reset()
        actions, _ = agent.predict(observations, deterministic=False)
        start = time.perf_counter()
        _, rewards, _, _ = env.step(actions)
        step_time = time.perf_counter() - start
        memory = memory_of(agent)
        rows = {
            "environment": f"{config.env_id}, {config.n_envs} side by side ({options.vec_env})",
            "observation": str(env.observation_space),
            "action": str(env.action_space),
            "first reward": f"{float(np.mean(rewards)):.4g}",
            "one step": f"{1000 * step_time:.2f} ms",
            "algorithm": f"{config.algo} ({type(agent).__name__}) on {agent.device}",
            "backend": backend_of(agent, options.backend).describe(),
            "parameters": f"{sum(weight.numel() for weight in agent.policy.parameters())}",
            "buffer": "none" if memory is None else f"{_megabytes(memory):.1f} MB when full",
            "budget": f"{config.n_timesteps} steps, evaluation every {options.eval_freq}",
            "free disk": f"{_free_gigabytes(options):.1f} GB",
        }
    finally:
        env.close()
    width = max(len(name) for name in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
    return "\n".join([*lines, "Dry run: the run can start; nothing was written."])


def _megabytes(memory: Any) -> float:
    arrays = [item for item in vars(memory).values() if isinstance(item, np.ndarray)]
    for group in vars(memory).values():
        if isinstance(group, dict):
            arrays += [item for item in group.values() if isinstance(item, np.ndarray)]
    return float(sum(array.nbytes for array in arrays)) / 1e6


def _free_gigabytes(options: TrainOptions) -> float:
    folder = options.log_folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free / 1e9
